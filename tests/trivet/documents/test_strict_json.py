"""JSON from outside is refused by its code before it can hurt."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet.documents.strict_json import loads
from trivet.errors import DocumentRefused

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc~/é林", min_size=1), inner),
    max_leaves=20,
)


@given(JSON)
def test_what_json_can_say_is_read_as_it_stands(value):
    """Clean JSON comes back equal."""
    assert loads(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(
    ("raw", "code", "pointer"),
    [
        (b'{"score": NaN}', "SCORE_NOT_FINITE", "/score"),
        (b'{"a": [{"score": Infinity}]}', "SCORE_NOT_FINITE", "/a/0/score"),
        (b'{"score": 1e400}', "SCORE_NOT_FINITE", "/score"),
        (b'{"duration": -Infinity}', "JSON_NOT_FINITE", "/duration"),
        (b'{"person": {"name": 1, "name": 2}}', "JSON_DUPLICATE_KEY", "/person/name"),
        (b'{"a": ' + b"9" * 5000 + b"}", "JSON_LIMIT", ""),
        (b"[" * 100_000, "JSON_LIMIT", ""),
        (b'{"a":' * 100_000, "JSON_LIMIT", ""),
        (b'{"name": "\\ud800"}', "TEXT_INVALID", "/name"),
        (b'{"name": "\xed\xa0\x80"}', "TEXT_INVALID", ""),
        (b'{"name": "a\\u0000b"}', "TEXT_NUL", "/name"),
        (b'{"a\\u0000": 1}', "TEXT_NUL", ""),
        (json.dumps({"a": "["}).encode("utf-16"), "TEXT_INVALID", ""),
        (b"", "JSON_SYNTAX", ""),
        (b'{"a": 1,}', "JSON_SYNTAX", ""),
        (b"{'a': 1}", "JSON_SYNTAX", ""),
    ],
)
def test_bad_json_is_refused_by_its_code(raw, code, pointer):
    """Each kind of bad JSON has its code, and what is wrong inside a document has its pointer."""
    with pytest.raises(DocumentRefused) as refused:
        loads(raw)
    assert (refused.value.code, refused.value.pointer) == (code, pointer)


def test_a_duplicate_key_is_named_with_its_path():
    """The message shows where, and none of the values."""
    with pytest.raises(DocumentRefused) as refused:
        loads(b'{"people": [{"name": "Emma Clarke", "name": "Daniel Osei"}]}')
    assert "/people/0/name" in str(refused.value)
    assert "Emma" not in str(refused.value)


def test_a_byte_order_mark_is_no_error():
    """Windows tools write one."""
    assert loads(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_a_bracket_inside_a_text_is_no_depth():
    """Brackets and quotes that people write do not count as nesting."""
    text = '[{"' * 500 + "\\"
    assert loads(json.dumps({"a": [[[text]]]}).encode()) == {"a": [[[text]]]}


@pytest.mark.parametrize("tail", ['"', "\\", "", "x"])
def test_a_text_full_of_quotes_is_read_in_linear_time(tail):
    """A megabyte of escaped quotes, closed or not, takes no more than a moment."""
    raw = ("[" * 101 + '"' + '\\"' * 500_000 + tail).encode()
    before = time.monotonic()
    with pytest.raises(DocumentRefused):
        loads(raw)
    assert time.monotonic() - before < 2


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(raw):
    """Whatever arrives, it is read or refused."""
    try:
        loads(raw)
    except DocumentRefused as refused:
        assert refused.code  # noqa: PT017 - the value has to be judged where nothing is raised, too
