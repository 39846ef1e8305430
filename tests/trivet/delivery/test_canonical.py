"""Equal documents have equal fingerprints, and what JSON cannot say is refused."""

import json
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet.documents import canonical
from trivet.documents.canonical import canonical_json, fingerprint
from trivet.errors import DocumentRefused

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcé", max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


def shuffled(value: object) -> object:
    """The same document with its keys in the opposite order."""
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(list(value))}
    return [shuffled(inner) for inner in value] if isinstance(value, list) else value


@given(VALUES)
def test_the_order_of_keys_does_not_count(value: object) -> None:
    """However a document was put together, its canonical form is one."""
    assert canonical_json(value) == canonical_json(shuffled(value))


@given(VALUES)
def test_a_canonical_form_is_its_own_canonical_form(value: object) -> None:
    """Written, read and written again it stays the same."""
    once = canonical_json(value)
    assert canonical_json(json.loads(once)) == once


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_unicode_forms_of_one_text_are_equal(text: str) -> None:
    """NFC and NFD of a name have one fingerprint, as value and as key."""
    assert fingerprint([normalize("NFD", text)]) == fingerprint([normalize("NFC", text)])
    assert fingerprint({normalize("NFD", text): 1}) == fingerprint({normalize("NFC", text): 1})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (8, 8.0),
        (0, -0.0),
        ([1e2], [100]),
        ({"a": {"b": 2.0}}, {"a": {"b": 2}}),
        ({"s": "1.0,"}, {"s": "1.0,"}),
    ],
)
def test_equal_numbers_are_written_alike(one: object, other: object) -> None:
    """8 and 8.0 are one number."""
    assert canonical_json(one) == canonical_json(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", 1), (True, 1), (None, {}), ([], {}), ("1.0,", "1,"), (8.5, 8), (0.1, 0.10000000000000002)],
)
def test_different_values_differ(one: object, other: object) -> None:
    """Type and content count."""
    assert fingerprint({"v": one}) != fingerprint({"v": other})


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (float("nan"), "JSON_NOT_FINITE"),
        ([float("inf")], "JSON_NOT_FINITE"),
        ("\ud800", "TEXT_INVALID"),
        (b"bytes", "JSON_TYPE"),
        ({"e\u0301": 1, "\u00e9": 2}, "JSON_DUPLICATE_KEY"),
    ],
)
def test_what_json_cannot_say_is_refused(value: object, code: str) -> None:
    """A code, and no trace of the value."""
    with pytest.raises(DocumentRefused) as caught:
        canonical_json({"v": value} if not isinstance(value, dict) else value)
    assert caught.value.code == code


def test_a_bottomless_document_is_refused() -> None:
    """Depth is limited by a clear error."""
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(DocumentRefused) as caught:
        canonical_json(deep)
    assert caught.value.code == "JSON_LIMIT"
    while deep:
        deep = deep[0]  # type: ignore[assignment]


@given(VALUES)
def test_the_quick_way_says_what_the_slow_way_says(value: object) -> None:
    """One canonical form: what is written at the speed of C is what Python's own encoder would have written."""
    slow = json.dumps(canonical._canonical(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert canonical_json(value) == slow.encode()


@pytest.mark.parametrize(
    "number", [1e-5, 1.5e-7, 0.0001, 1e16, 1e22, 5e-324, 2**53 + 1, 2**64, -(2**63) - 1, -0.0]
)
def test_numbers_at_the_edge_have_one_form(number: float) -> None:
    """Where encoders differ in taste, Python's is the one."""
    assert (
        canonical_json([number, "x"])
        == json.dumps([canonical._canonical(number), "x"], separators=(",", ":")).encode()
    )
