"""The runner's small parts by the thousand: tokens, and YAML that changes in one place."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trivet.documents.yaml_parts import compose
from trivet.mapping.testing.compare import same_exactly
from trivet.mapping.testing.probes import Probes, compiles, with_branches, with_keys
from trivet.mapping.testing.splice import Splice, flow
from trivet.mapping.tokens import NotUnderstood, comparing, conditions, tokens

TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["NO", "null", "1", "2026-01-01", "a: b", "# c", "- x", "two\nlines", "end\n", " x", "𠮷 O'Brien", "{", "~"]),
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcé-:1 ", min_size=1, max_size=4), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("a ? b : c", ["a"]),
        ("a > 1 and b ? c : d ? e : f", ["a > 1 and b", "d"]),
        ("(x := a ? 1; b ? 2)", ["a", "b"]),
        ("[a ? 1, b ? 2, 3 .. c ? 4 : 5]", ["a", "b", "c"]),
        ('{"k": a ? 1 : 2, "?": "x ? y : z"}', ["a"]),
        ("$f(?, 1)", []),
        ("a ?? b ? c : d", ["a ?? b"]),
        ("a ?: b", []),
        ("function($n)<n-n?:n>{ $n ? 1 : 2 }", ["$n"]),
        ("$match(a, /x?y:[/]/) ? 1 : 2", None),
        ("a / b ? c / d : e", ["a / b"]),
        ("/* why? */ `odd ? name` ? 1 : 2", ["`odd ? name`"]),
        ("l[v ? w = 1 : w = 2]", ["v"]),
    ],
)
def test_conditions_are_found(source, found):
    """As JSONata binds them; a question mark may mean five other things."""
    if found is None:
        assert [source[c.start : c.mark].strip() for c in conditions(tokens(source))] == [
            source.partition(" ? 1")[0]
        ]
        return
    assert [source[c.start : c.mark].strip() for c in conditions(tokens(source))] == found
    assert not compiles(source) or compiles(with_branches(source, Probes())[0])


def test_sorting_compares_nothing():
    """`^(<a)` has an order, not a comparison."""
    assert [token.text for token in comparing(tokens("l^(<a, >b)[a < 1 and $f(b) >= 2]"))] == ["<", ">="]


@pytest.mark.parametrize("source", ["a ? (b : c", "a) ? b : c", "a § b ? 1"])
def test_what_is_not_understood_is_said(source):
    """Never guessed at."""
    with pytest.raises(NotUnderstood):
        with_branches(source, Probes())


def test_keys_are_told():
    """Of nested look-ups too."""
    assert with_keys('$lookup($lookup(t, a & "x"), $z ? "k" : "l")') == (
        '$lookup($lookup(t, $trivet_key( a & "x")), $trivet_key( $z ? "k" : "l"))'
    )


@settings(max_examples=300, deadline=None)
@given(VALUES, VALUES, st.booleans())
def test_a_spliced_value_is_read_back(old, new, within):
    """Whatever it was and is, in block and in flow; what stands around it stays to the letter."""
    value = flow(old)
    text = (
        f"# one\na: {{x:  1, v: {value}}} # two\nz: 'end'\n"
        if within
        else f"a:\n  x:  1\n  v: {value}\n# two\nz: 'end'\n"
    )
    if not same_exactly(compose("", text).data["a"]["v"], old):
        return
    splice = Splice(text)
    splice.put(["a", "v"], new)
    made = splice.text()
    assert same_exactly(compose("", made).data, {"a": {"x": 1, "v": new}, "z": "end"})
    assert made.startswith(text.partition("v:")[0])
    assert made.endswith(" # two\nz: 'end'\n" if within else "\n# two\nz: 'end'\n")
