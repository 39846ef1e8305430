"""The numbers are those of scipy 1.17.1 and scikit-learn 1.9.1, computed once and written down, and keep their laws."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet.statistics import (
    binned,
    bootstrap,
    chance_of,
    corrected,
    distance,
    fisher_interval,
    mean_difference,
    mean_distance,
    median,
    pearson,
    ranks,
    shift,
    spearman,
    stability_index,
    weighted_kappa,
)

AI = [5.0, 6.5, 7.2, 8.0, 4.4, 9.1, 3.0, 6.0, 7.7, 5.5, 8.4, 2.5, 6.5, 7.0, 5.9]
PEOPLE = [5.5, 6.0, 8.0, 8.0, 3.5, 9.5, 4.5, 6.0, 6.5, 6.0, 8.0, 4.0, 7.0, 6.0, 6.5]
BOTH = list(zip(AI, PEOPLE, strict=True))
PAST = [4.0, 4.5, 5.0, 5.0, 5.5, 6.0, 6.0, 6.5, 7.0, 7.5, 8.0, 5.5, 6.2, 4.8, 5.1]
NOW = [6.0, 6.5, 7.0, 7.5, 8.0, 6.1, 5.9, 9.0]
scores = st.integers(0, 100).map(lambda tenths: tenths / 10)
pairs = st.lists(st.tuples(scores, scores), min_size=4, max_size=40)
samples = st.lists(scores, min_size=1, max_size=30)


def close(value: float | None, expected: float) -> bool:
    """Equal but for the last bits."""
    return value is not None and math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-12)


def test_kappa_is_scikit_learns() -> None:
    """`cohen_kappa_score(..., labels=range(11), weights="quadratic")` of the halves-upwards bins."""
    assert close(weighted_kappa(BOTH), 0.856687898089172)
    assert close(weighted_kappa([(0, 0), (0, 1), (1, 1), (2, 2), (2, 3), (3, 3)]), 0.8695652173913043)


def test_correlations_are_scipys() -> None:
    """`pearsonr` with its confidence interval, and `spearmanr`."""
    assert close(pearson(BOTH), 0.8979061341403803)
    assert close(spearman(BOTH), 0.9013405919593109)
    low, high = fisher_interval(0.8979061341403803, 15) or (0, 0)
    assert close(low, 0.7141065677145914)
    assert close(high, 0.9658930127752615)


def test_the_interval_of_ranks_is_wider() -> None:
    """Bonett and Wright's standard error is never smaller than Fisher's."""
    plain, of_ranks = fisher_interval(0.6, 30), fisher_interval(0.6, 30, of_ranks=True)
    assert plain is not None
    assert of_ranks is not None
    assert of_ranks[0] < plain[0] < 0.6 < plain[1] < of_ranks[1]


def test_the_ks_chance_is_scipys() -> None:
    """`ks_2samp(..., method="exact")`, and the limit `kstwobign.sf` for large samples."""
    assert close(distance(PAST, NOW), 0.5333333333333333)
    assert close(chance_of(distance(PAST, NOW), 15, 8), 0.07774201838005848)
    gap = distance(list(range(60)), [v + 12.5 for v in range(40)])
    assert close(chance_of(gap, 60, 40), 0.1904559065949674)
    n = 2_000
    for x, expected in ((1.2, 0.11224966667072497), (0.4, 0.9971923267776983), (2.0, 0.0006709252557796953)):
        assert chance_of(x / math.sqrt(n / 2), n, n) == pytest.approx(expected, abs=1e-6)


def test_exact_and_limit_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the one takes over from the other, they say nearly the same."""
    exact = chance_of(0.12, 220, 225)
    monkeypatch.setattr("trivet.statistics.EXACT", 0)
    assert chance_of(0.12, 220, 225) == pytest.approx(exact, abs=0.01)


def test_holms_correction() -> None:
    """Holm 1979: the smallest times their number, the next times one less, never falling."""
    assert corrected([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert corrected([]) == []


def test_halves_go_upwards() -> None:
    """Eleven bins, and 0.5, 1.5, 2.5 treated alike."""
    assert [binned(v) for v in (0, 0.4, 0.5, 1.5, 2.5, 9.4, 9.5, 10)] == [0, 0, 1, 2, 3, 9, 10, 10]


def test_a_constant_judge_has_no_correlation() -> None:
    """There is nothing to correlate; kappa says 0, and nothing where both say one thing only."""
    assert pearson([(5, 1), (5, 9), (5, 3)]) is None
    assert spearman([(5, 1), (5, 9), (5, 3)]) is None
    assert close(weighted_kappa([(5, 1), (5, 9), (5, 5)]), 0.0)
    assert weighted_kappa([(5, 5), (5, 5)]) is None
    assert weighted_kappa([]) is None
    assert fisher_interval(1.0, 30) is None
    assert fisher_interval(0.5, 3) is None


def test_everybody_two_points_higher_is_a_large_shift() -> None:
    """The rule of thumb calls an index above 0.25 a large one (Siddiqi 2006)."""
    past = [3 + (i * 7 % 40) / 10 for i in range(80)]
    moved = shift([v + 2 for v in past[:24]], past)
    assert moved.psi > 0.25
    assert moved.chance < 0.001
    same = shift(past[3:30], past)
    assert same.psi < 0.25
    assert same.chance > 0.1


def test_a_past_of_one_value_sees_both_directions() -> None:
    """Bands below and above all of the past."""
    assert stability_index([7.0] * 20, [5.0] * 50) > 1
    assert stability_index([3.0] * 20, [5.0] * 50) > 1
    assert stability_index([5.0] * 20, [5.0] * 50) < 0.05


@given(pairs)
def test_who_is_first_does_not_matter(both: list[Any]) -> None:
    """Kappa, correlations and distance are symmetric; the difference turns its sign."""
    turned = [(b, a) for a, b in both]
    for measure in (weighted_kappa, pearson, spearman):
        one, other = measure(both), measure(turned)
        assert (one is None) == (other is None)
        assert one is None or other is None or math.isclose(one, other, abs_tol=1e-9)
    assert math.isclose(mean_distance(both), mean_distance(turned))
    assert math.isclose(mean_difference(both), -mean_difference(turned), abs_tol=1e-9)


@given(pairs)
def test_measures_stay_in_their_bounds(both: list[Any]) -> None:
    """From -1 to 1, and 1 for those who say the same."""
    for measure in (weighted_kappa, pearson, spearman):
        value = measure(both)
        assert value is None or -1 - 1e-9 <= value <= 1 + 1e-9
        same = measure([(a, a) for a, _ in both])
        assert same is None or math.isclose(same, 1)


@given(samples, samples)
def test_a_shift_is_well_formed(now: list[float], past: list[float]) -> None:
    """The index is never negative, the distance and its chance are shares, and nothing moved from itself."""
    found = shift(now, past)
    assert found.psi >= -1e-12
    assert 0 <= found.distance <= 1
    assert 0 <= found.chance <= 1
    assert shift(past, past).distance == 0
    assert shift(past, past).chance == 1


@given(samples)
def test_ranks_share_ties(values: list[float]) -> None:
    """Their sum is that of 1 to n, and order is kept."""
    found = ranks(values)
    assert math.isclose(sum(found), len(values) * (len(values) + 1) / 2)
    assert all(
        (a < b) == (x < y)
        for a, x in zip(values, found, strict=True)
        for b, y in zip(values, found, strict=True)
    )
    assert min(values) <= median(values) <= max(values)


def test_the_bootstrap_is_the_same_every_time_and_holds_the_value() -> None:
    """A fixed seed."""
    measures: Any = {"kappa": weighted_kappa, "difference": mean_difference, "none": lambda _: None}
    first = bootstrap(BOTH, measures)
    assert first == bootstrap(BOTH, measures)
    assert first.keys() == {"kappa", "difference"}
    low, high = first["kappa"]
    assert low < 0.8567 < high
