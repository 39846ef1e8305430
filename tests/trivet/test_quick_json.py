"""What is read at the speed of C is what Python's own decoder would have read."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet.http import Reply
from trivet.quick_json import ordered_json, quick_json, quick_value

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.from_regex(r"[\[:,\" -]?[0-9]{17,22}", fullmatch=True),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


def written(value: object) -> bytes:
    """As the ledger writes it."""
    slow = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return quick_json(value) or slow.encode("utf-8", "surrogatepass")


@given(VALUES)
def test_everything_comes_back(value: object) -> None:
    """Numbers of any length, half characters, infinities and digits in strings."""
    assert quick_value(written(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        2**64,
        -(2**63) - 1,
        [10**19, -(10**30)],
        {"id": "7012345678901234567", "n": 12345678901234567890123},
        {"n": 0.12345678901234567890},
        "\ud800",
        {"n": math.inf},
    ],
)
def test_what_is_beyond_64_bits_comes_back_whole(value: object) -> None:
    """No digit is lost, whatever stands before the number."""
    back = quick_value(written(value))
    assert back == value
    assert json.dumps(back) == json.dumps(value)


@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_the_order_of_keys_does_not_matter(document: dict[str, object]) -> None:
    """One text for equal documents."""
    assert ordered_json(document) == ordered_json(dict(reversed(document.items())))


@given(VALUES, st.sampled_from([None, 1]), st.booleans())
def test_a_vendors_answer_is_what_pythons_decoder_reads(
    value: object, indent: int | None, plain: bool
) -> None:
    """However it is laid out and escaped."""
    body = json.dumps(value, indent=indent, ensure_ascii=plain).encode("utf-8", "surrogatepass")
    back = Reply(200, {}, body).json() if b"Infinity" not in body else value
    assert json.dumps(back) == json.dumps(value)


@pytest.mark.parametrize(
    "body",
    [
        '{"a": 1, "a": 1}',
        '[{"b": {"a" : 1,\n"a"\t:2}}]',
        '{"a": ":", "a": 1}',
        '{"a": 1, "a": ":"}',
        '{"a": 1, "\\u0061": 1}',
        '{"a": "\\u003a", "a": 1}',
        '{"a": "\\u003A", "a": 1, "b": 1}',
        '{"a": NaN}',
        "[1,]",
    ],
)
def test_an_answer_that_says_a_key_twice_or_no_number_is_refused(body: str) -> None:
    """Whatever stands in its texts."""
    with pytest.raises(ValueError, match=r"twice|not JSON|Expecting|Illegal"):
        Reply(200, {}, body.encode()).json()
