"""Notices that scores are no longer spread as they were: a scorer that changed without saying so.

Looked at each night, for every scorer version apart: each competency's score, the use of terms, and how much had no evidence.
A night with few interviews is filled up with the newest before it. A measure has moved when both say so:

    the population stability index   is at least `psi`
    the two-sample Kolmogorov test   gives a chance of at most `chance`, corrected for all measures that were looked at

What moved is kept and held as other drift is (`trivet.flow.drift`). When a person accepts it, the past begins anew with the
batch in which it was noticed.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta

from trivet import statistics
from trivet.flow.definition import Flow, ScoreLimits
from trivet.flow.drift import SCORES
from trivet.flow.hub import Hub
from trivet.flow.judging import assessed
from trivet.ledger import batches, documents, shapes
from trivet.ledger.batches import Batch
from trivet.ledger.documents import StoredDocument
from trivet.ledger.ledger import Transaction
from trivet.ledger.shapes import Shape
from trivet.ledger.times import stamp
from trivet.statistics import Shift

log = logging.getLogger(__name__)
MOST = 5_000
"""Assessments of the past that are looked at, the newest; opening more costs seconds and says nothing new."""

Series = dict[tuple[str, str], list[tuple[str, float]]]
"""By scorer version and measure: when, and how much, newest first."""


def watch(hub: Hub, flow: Flow, batch: Batch) -> None:
    """Compares the batch's scores with the past, and keeps what has moved."""
    if flow.policy.score_drift == "accept" or flow.assessment is None:
        return
    with hub.ledger.begin() as tx:
        found: list[tuple[tuple[str, str], Shift]] = []
        for key, values in sorted(_series(hub, tx, flow, batch).items()):
            moved = _shift(tx, flow, batch, key, values)
            if moved is not None:
                found.append((key, moved))
        limits = flow.policy.score_drift_limits
        news = [_shape(batch, key, moved, p) for key, moved, p in _beyond(found, limits)]
        shapes.put_many(tx, news, tenant=flow.tenant, flow=flow.name)
    for entry in news:
        log.warning("drift batch=%s moved %s %s: %s", batch.id, entry.source, entry.path, entry.example)


def _beyond(
    found: list[tuple[tuple[str, str], Shift]], limits: ScoreLimits
) -> Iterator[tuple[tuple[str, str], Shift, float]]:
    chances = statistics.corrected([moved.chance for _, moved in found])
    for (key, moved), chance in zip(found, chances, strict=True):
        if moved.psi >= limits.psi and chance <= limits.chance:
            yield key, moved, chance


def _series(hub: Hub, tx: Transaction, flow: Flow, batch: Batch) -> Series:
    """Of every version and measure of which the batch brought something."""
    series: Series = defaultdict(list)
    _add(series, flow, documents.since(tx, flow.tenant, assessed.ASSESSMENT, batch.opened_at))
    fresh = set(series)
    begin = stamp(hub.now() - timedelta(days=flow.policy.score_drift_limits.days))
    _add(series, flow, documents.since(tx, flow.tenant, assessed.ASSESSMENT, begin, batch.opened_at, MOST))
    return {key: values for key, values in series.items() if key in fresh}


def _add(series: Series, flow: Flow, found: Iterable[StoredDocument]) -> None:
    for entry in found:
        if assessed.of_flow(flow, entry.document):
            version = assessed.made_by(entry.document)
            for measure, value in assessed.measures(entry.document):
                series[version, measure].append((entry.changed_at, value))


def _shift(
    tx: Transaction, flow: Flow, batch: Batch, key: tuple[str, str], values: list[tuple[str, float]]
) -> Shift | None:
    """How the newest differ from those before; None where there are too few of either, or a person has not answered yet."""
    version, measure = key
    limits = flow.policy.score_drift_limits
    known = shapes.known(tx, tenant=flow.tenant, flow=flow.name, source=f"{SCORES}{version}").get(measure)
    if known is not None:
        if known.state != "known":
            return None
        accepted = batches.get(tx, known.noticed_batch or known.first_batch).opened_at
        values = [(at, value) for at, value in values if at >= accepted]
    fresh = sum(at >= batch.opened_at for at, _ in values)
    size = max(fresh, limits.tonight)
    now, past = values[:size], values[size:]
    if len(now) < limits.tonight or len(past) < limits.past:
        return None
    return statistics.shift([value for _, value in now], [value for _, value in past])


def _shape(batch: Batch, key: tuple[str, str], moved: Shift, chance: float) -> Shape:
    version, measure = key
    said = (
        f"mean {moved.mean_past:.2f} of {moved.past} before, {moved.mean_now:.2f} of {moved.now} now; "
        f"PSI {moved.psi:.2f}, chance {chance:.2g}"
    )
    return Shape(f"{SCORES}{version}", measure, batch.id, batch.id, moved.now, "new", batch.id, said)
