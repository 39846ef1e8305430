"""Agreement of two judges and change of a distribution, as pure functions of numbers.

    weighted kappa   Cohen 1968, quadratic weights: 1 = same, 0 = no better than two judges who never saw the candidate
    Fisher z         interval of a correlation; Bonett and Wright 2000 widen it for ranks
    PSI              population stability index: how much of the past would have to move to look like the present
    KS               two samples' largest gap between cumulative shares, with its chance under no change; Holm 1979 corrects

Intervals hold 95 %. Scores are 0 to 10.
"""

import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

Pair = tuple[float, float]
Interval = tuple[float, float]
Z95 = 1.959963984540054
RESAMPLES = 1_000
SEED = 144
"""Fixed, so that the same scores give the same interval every time."""
BANDS = 5
"""Shares of the past, equally large, into which PSI sorts."""
SMOOTHING = 0.5
"""Counted into every band, for the index has no value where a band is empty."""
EXACT = 50_000
"""Up to this product of two samples' sizes their KS chance is exact, beyond it asymptotic."""


def binned(score: float) -> int:
    """The score's bin for kappa: the nearest whole number, halves upwards; eleven bins."""
    return math.floor(score + 0.5)


def weighted_kappa(pairs: Sequence[Pair]) -> float | None:
    """Quadratic weighted kappa of the pairs' bins; None where all are in one bin, for then chance agrees as well."""
    bins = [(binned(one), binned(other)) for one, other in pairs]
    if not bins:
        return None
    n = len(bins)
    seen = sum((a - b) ** 2 for a, b in bins) / n
    first, second = [a for a, _ in bins], [b for _, b in bins]
    # the mean of (a - b)² over every a with every b, from sums alone
    chance = (sum(a * a for a in first) + sum(b * b for b in second)) / n - 2 * sum(first) * sum(
        second
    ) / n**2
    return None if chance <= 0 else 1 - seen / chance


def pearson(pairs: Sequence[Pair]) -> float | None:
    """Linear correlation; None where one side never varies."""
    if len(pairs) < 2:
        return None
    a, b = mean([x for x, _ in pairs]), mean([y for _, y in pairs])
    both = math.fsum((x - a) * (y - b) for x, y in pairs)
    spread = math.fsum((x - a) ** 2 for x, _ in pairs) * math.fsum((y - b) ** 2 for _, y in pairs)
    return None if spread <= 0 else max(-1.0, min(1.0, both / math.sqrt(spread)))


def spearman(pairs: Sequence[Pair]) -> float | None:
    """Correlation of ranks; ties share their mean rank."""
    first, second = ranks([x for x, _ in pairs]), ranks([y for _, y in pairs])
    return pearson(list(zip(first, second, strict=True)))


def ranks(values: Sequence[float]) -> list[float]:
    """Each value's rank from 1."""
    order = sorted(values)
    return [(bisect_left(order, v) + bisect_right(order, v) + 1) / 2 for v in values]


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean of at least one value."""
    return math.fsum(values) / len(values)


def median(values: Sequence[float]) -> float:
    """The middle of at least one value, or the mean of the two middle ones."""
    order, n = sorted(values), len(values)
    return order[n // 2] if n % 2 else (order[n // 2 - 1] + order[n // 2]) / 2


def fisher_interval(r: float, n: int, *, of_ranks: bool = False) -> Interval | None:
    """Where the correlation lies; None where it is perfect or too few pairs made it."""
    if n < 4 or abs(r) >= 1:
        return None
    spread = math.sqrt((1 + r * r / 2 if of_ranks else 1.0) / (n - 3))
    return math.tanh(math.atanh(r) - Z95 * spread), math.tanh(math.atanh(r) + Z95 * spread)


def bootstrap(
    pairs: Sequence[Pair], measures: Mapping[str, Callable[[Sequence[Pair]], float | None]]
) -> dict[str, Interval]:
    """Where each measure lies, by drawing the pairs anew; a measure is left out where most draws have no value."""
    drawn: dict[str, list[float]] = {name: [] for name in measures}
    chance = random.Random(SEED)
    for _ in range(RESAMPLES):
        sample = chance.choices(pairs, k=len(pairs))
        for name, measure in measures.items():
            value = measure(sample)
            if value is not None:
                drawn[name].append(value)
    return {
        name: (_percentile(sorted(values), 0.025), _percentile(sorted(values), 0.975))
        for name, values in drawn.items()
        if len(values) > RESAMPLES / 2
    }


def mean_difference(pairs: Sequence[Pair]) -> float:
    """First minus second, on average."""
    return mean([one - other for one, other in pairs])


def mean_distance(pairs: Sequence[Pair]) -> float:
    """How far the two are apart on average, whichever is higher."""
    return mean([abs(one - other) for one, other in pairs])


@dataclass(frozen=True, slots=True)
class Shift:
    """How a sample differs from the past's."""

    now: int
    past: int
    mean_now: float
    mean_past: float
    psi: float
    distance: float
    chance: float
    """Of so large a distance where nothing has changed; not corrected for looking at several measures."""


def shift(now: Sequence[float], past: Sequence[float]) -> Shift:
    """How `now` differs from `past`; both hold something."""
    gap = distance(now, past)
    return Shift(
        len(now), len(past), mean(now), mean(past), stability_index(now, past), gap,
        chance_of(gap, len(now), len(past)),
    )  # fmt: skip


def stability_index(now: Sequence[float], past: Sequence[float]) -> float:
    """PSI over bands that each hold a fifth of the past, with one band below and one above all of it."""
    order = sorted(past)
    edges = sorted({_percentile(order, i / BANDS) for i in range(BANDS)})
    shares = [_shares(values, edges, order[-1]) for values in (now, past)]
    return math.fsum((a - b) * math.log(a / b) for a, b in zip(*shares, strict=True))


def _shares(values: Sequence[float], edges: Sequence[float], top: float) -> list[float]:
    counts = [SMOOTHING] * (len(edges) + 2)
    for value in values:
        counts[len(edges) + 1 if value > top else bisect_right(edges, value)] += 1
    return [count / sum(counts) for count in counts]


def distance(one: Sequence[float], other: Sequence[float]) -> float:
    """The largest gap between the two cumulative shares (Kolmogorov-Smirnov's D)."""
    a, b = sorted(one), sorted(other)
    return max(abs(bisect_right(a, v) / len(a) - bisect_right(b, v) / len(b)) for v in {*a, *b})


def chance_of(gap: float, n: int, m: int) -> float:
    """The chance of so large a D where both samples come from one distribution; with ties it is smaller than said."""
    return _exact(gap, n, m) if n * m <= EXACT else _asymptotic(gap * math.sqrt(n * m / (n + m)))


def _exact(gap: float, n: int, m: int) -> float:
    """Of all orders in which the values can lie, the share in which the cumulative shares part by `gap` or more."""
    # a walk from (0, 0) to (n, m), one step a value; whole numbers, so that a gap on the edge counts
    widest = round(gap * n * m)
    stays = [1.0 if j * n < widest else 0.0 for j in range(m + 1)]
    for i in range(1, n + 1):
        # a step of `one` comes last with chance i / (i + j) among the orders of i and j values
        row = [0.0] * (m + 1)
        for j in range(m + 1):
            if abs(i * m - j * n) < widest:
                row[j] = (stays[j] * i + (row[j - 1] * j if j else 0.0)) / (i + j)
        stays = row
    return max(0.0, 1.0 - stays[m])


def _asymptotic(x: float) -> float:
    """Kolmogorov's limit."""
    if x < 0.3:
        return 1.0
    return max(
        0.0, min(1.0, 2 * math.fsum((-1) ** (k - 1) * math.exp(-2 * (k * x) ** 2) for k in range(1, 101)))
    )


def corrected(chances: Sequence[float]) -> list[float]:
    """Holm's correction for having looked at all of them, in their order."""
    order = sorted(range(len(chances)), key=chances.__getitem__)
    grown = accumulate((min(1.0, chances[at] * (len(order) - place)) for place, at in enumerate(order)), max)
    found = dict(zip(order, grown, strict=True))
    return [found[at] for at in range(len(chances))]


def _percentile(order: Sequence[float], share: float) -> float:
    """Between the two nearest values, as a line; of sorted values."""
    at = share * (len(order) - 1)
    low = math.floor(at)
    high = min(low + 1, len(order) - 1)
    return order[low] + (order[high] - order[low]) * (at - low)
