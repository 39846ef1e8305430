"""Rates and ratios of groups, without a hub."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from trivet.flow.judging.impact import UNKNOWN, _table


def table(groups: dict[str, tuple[int, int]], *, leave_out_small: bool = False) -> dict[str, Any]:
    """Rows by category of so many people, so many of them above the median."""
    people, scores = {}, {}
    for category, (count, above) in groups.items():
        for i in range(count):
            people[f"{category}{i}"], scores[f"{category}{i}"] = category, 9.0 if i < above else 1.0
    rows = _table("sex", people, scores, 5.0, leave_out_small=leave_out_small)
    return {row["category"]: row for row in rows}


def test_four_fifths_exactly_is_not_below() -> None:
    """Whatever a division of floats would say."""
    for count in range(5, 400, 5):
        found = table({"a": (3 * count, count), "b": (15 * count, 4 * count)})
        assert (found["b"]["impact_ratio"], found["b"]["below_four_fifths"]) == (0.8, False)
    assert table({"a": (100, 50), "b": (1000, 399)})["b"]["below_four_fifths"] is True


def test_a_category_below_two_percent_may_be_left_out() -> None:
    """It is marked, its count and rate stay; left out it has no ratio and is nobody's measure."""
    groups = {"a": (97, 48), "b": (2, 1), "c": (1, 1)}
    found = table(groups)
    assert [found[name]["may_be_left_out"] for name in "abc"] == [False, False, True]
    assert found["c"]["impact_ratio"] == 1.0
    assert found["a"]["impact_ratio"] == 0.495
    without = table(groups, leave_out_small=True)
    assert (without["c"]["impact_ratio"], without["c"]["below_four_fifths"]) == (None, None)
    assert (without["c"]["count"], without["c"]["scoring_rate"]) == (1, 1.0)
    assert without["b"]["impact_ratio"] == 1.0


def test_nobody_above_the_median_has_no_ratio() -> None:
    """Everybody has the same score."""
    found = table({"a": (3, 0), "b": (2, 0)})
    assert {row["impact_ratio"] for row in found.values()} == {None}


groups = st.dictionaries(
    st.sampled_from("abcdef"), st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))
)


@given(groups)
def test_the_best_has_ratio_one_and_none_has_more(said: dict[str, tuple[int, int]]) -> None:
    """Shares add up to everybody."""
    found = table(said)
    assert found.pop(UNKNOWN)["count"] == 0
    ratios = [row["impact_ratio"] for row in found.values() if row["impact_ratio"] is not None]
    assert not ratios or max(ratios) == 1.0
    assert all(0 <= ratio <= 1 for ratio in ratios)
    assert sum(row["count"] for row in found.values()) == sum(count for count, _ in said.values())
