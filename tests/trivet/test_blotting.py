"""A system's words without what it was sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet.blotting import BLOT, blotted, without_login
from trivet.errors import Rejected

SENT = {
    "staff": "10000301", "name": "林晓雨", "rows": [{"course": "C-17", "score": 9.2, "number": 20000017}],
    "note": "She said that she helped her colleagues all day, and asked for help.", "kind": "E1",
}  # fmt: skip


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("employee 10000301 is not known", f"employee {BLOT} is not known"),
        ("林晓雨没有权限", f"{BLOT}没有权限"),
        ("course C-17 ended [E12]", f"course {BLOT} ended [E12]"),
        ("row 20000017: 9.2 exceeds the plan's maximum", f"row {BLOT}: 9.2 exceeds the plan's maximum"),
        ("note too long: She said that she helped her coll", f"note too long: {BLOT}"),
        ("weight exceeds the plan's maximum", "weight exceeds the plan's maximum"),
        ("", ""),
    ],
)
def test_what_was_sent_is_blotted_out(said: str, told: str) -> None:
    """Whole values and pieces of long ones; the system's own words and codes stay."""
    assert blotted(said, SENT) == told


@pytest.mark.parametrize("scheme", ["Basic", "Bearer", "token"])
def test_a_quoted_login_is_blotted_out(scheme: str) -> None:
    """In every message about a vendor call, whoever writes it."""
    said = f"no right for {scheme} dHJpdmV0OnNlY3JldA== here"
    assert without_login(said) == f"no right for {scheme} {BLOT} here"
    error = Rejected(said, connector="x", operation="y")
    assert "dHJ" not in f"{error} {error!r} {error.args}"


@given(st.text(min_size=2).filter(lambda text: len(text.strip()) > 1), st.text(), st.text())
def test_no_value_survives(value: str, before: str, after: str) -> None:
    """Whatever stands around it, where that is not part of a word."""
    left = blotted(f"{before} {value} {after}", {"value": value})
    assert value.strip() not in left or value.strip() in BLOT or value.strip() in f"{before} {BLOT} {after}"
