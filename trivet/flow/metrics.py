"""What the ledger says in numbers, in Prometheus' text form: read anew for each question, no label names a person.

Counters are sums over the ledger's batches: they fall when old months are archived, which Prometheus takes for a restart.
The histogram grows with what this process has seen, beginning with the last day.
"""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from sqlalchemy import func, select

from trivet.flow.alerts.happenings import newest_nights
from trivet.flow.hub import Hub
from trivet.ledger import breakers, operations
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import alert, batch, case, document, inbound, operation, scoring, set_aside
from trivet.ledger.times import instant, stamp

QUEUED = (
    "waiting_identity",
    "planned",
    "intent",
    "accepted",
    "unknown",
    "stuck",
    "comp_planned",
    "comp_unknown",
)
"""States in which an operation waits for something."""
BUCKETS = (30, 60, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400, 259_200)
"""Seconds: the event path's minute, a night, a weekend."""
_COUNTED = {
    "records": ("trivet_records", "Records that were new or changed."),
    "recordings": ("trivet_recordings", "Recordings that were fetched and heard."),
    "scored": ("trivet_interviews_scored", "Interviews that were scored."),
    "audio_ms": ("trivet_audio_seconds", "Sound that scorers were given."),
    "cost_micro": ("trivet_scorer_cost", "What scorers bill, in the currency of the flow's budget."),
}
_LATELY = timedelta(days=3)
_SCALE = {"audio_ms": 1e-3, "cost_micro": 1e-6}


@dataclass(slots=True, eq=False)
class Metrics:
    """The numbers of one deployment; a collector of `prometheus_client`."""

    hub: Hub
    _seen: str = ""
    _latencies: Counter[float] = field(default_factory=Counter)
    _sum: float = 0.0

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        return generate_latest(registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing: the names are known when they are asked for."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every number, from one look at the ledger."""
        started = time.monotonic()
        with self.hub.ledger.read() as tx:
            found = [
                *_batches(tx), *_deliveries(tx), *_queues(tx), *_breakers(tx), *_open(tx), self._latency(tx),
            ]  # fmt: skip
        yield from found
        yield _gauge(
            "trivet_metrics_seconds", "How long it took to gather these.", [((), time.monotonic() - started)]
        )

    def _latency(self, tx: Transaction) -> Metric:
        """From a recording's arrival in the ledger to the sending of what was decided from it, once confirmed."""
        since = self._seen or stamp(tx.now - timedelta(days=1))
        # batch by batch, each by its index: joined, SQLite would compare every delivery with every recording
        for name in tx.conn.scalars(
            select(batch.c.id).where(batch.c.opened_at >= stamp(tx.now - _LATELY))
        ).all():
            heard = select(document.c.subject_ref, document.c.changed_at)
            heard = heard.where(document.c.changed_batch == name, document.c.kind == "recording")
            arrived = {row.subject_ref: row.changed_at for row in tx.conn.execute(heard)}
            sent = select(operation.c.subject_ref, operation.c.sent_at, operation.c.updated_at)
            sent = sent.where(operation.c.batch_id == name, operation.c.state == "confirmed")
            for subject, sent_at, updated_at in tx.conn.execute(sent.where(operation.c.updated_at > since)):
                self._seen = max(self._seen, updated_at)
                if subject in arrived:
                    self._note(instant(sent_at or updated_at) - instant(arrived[subject]))
        made = HistogramMetricFamily(
            "trivet_recording_to_erp_seconds",
            "From a recording's arrival to the confirmed delivery of its results.",
        )
        total, buckets = 0, []
        for edge in (*BUCKETS, float("inf")):
            total += self._latencies[edge]
            buckets.append(("+Inf" if edge == float("inf") else str(float(edge)), total))
        made.add_metric([], buckets, self._sum)
        return made

    def _note(self, took: timedelta) -> None:
        seconds = max(0.0, took.total_seconds())
        self._latencies[next((edge for edge in BUCKETS if seconds <= edge), float("inf"))] += 1
        self._sum += seconds


def _batches(tx: Transaction) -> Iterator[Metric]:
    sums: dict[str, Counter[str]] = {}
    states: Counter[tuple[str, str]] = Counter()
    for flow, state, counters in tx.conn.execute(select(batch.c.flow, batch.c.state, batch.c.counters)):
        states[flow, state] += 1
        sums.setdefault(flow, Counter()).update(json.loads(counters))
    for name, (metric, said) in _COUNTED.items():
        rows = [((flow,), counts[name] * _SCALE.get(name, 1)) for flow, counts in sorted(sums.items())]
        yield _counter(metric, said, rows, "flow")
    yield _gauge("trivet_batches", "Batches by state.", sorted(states.items()), "flow", "state")
    closed = [
        ((flow,), instant(at).timestamp()) for (_, flow), (at, _) in sorted(newest_nights(tx).items()) if at
    ]
    yield _gauge("trivet_flow_last_closed_timestamp_seconds", "When a night was last closed.", closed, "flow")


def _deliveries(tx: Transaction) -> Iterator[Metric]:
    rows = sorted(operations.tally(tx).items())
    yield _gauge("trivet_deliveries", "Operations by system and state.", rows, "system", "state")


def _queues(tx: Transaction) -> Iterator[Metric]:
    """How many wait in each queue, and for how long the oldest one has."""
    found: dict[str, tuple[int, str | None]] = {}
    # one target and state at a time: so each is a look into an index, however many operations there are
    for (target, state), n in operations.tally(tx).items():
        if state in QUEUED:
            oldest = select(func.min(operation.c.updated_at)).where(
                operation.c.target == target, operation.c.state == state
            )
            found[f"{target}/{state}"] = (n, tx.conn.scalar(oldest))
    for name, query in (
        ("events", select(func.count(), func.min(inbound.c.received_at)).where(inbound.c.batch_id.is_(None))),
        ("scorers", select(func.count(), func.min(scoring.c.updated_at)).where(scoring.c.state == "pending")),
    ):
        row = tx.conn.execute(query).one()
        found[name] = (row[0], row[1])
    lengths = [((name,), n) for name, (n, _) in sorted(found.items())]
    ages = [
        ((name,), (tx.now - instant(at)).total_seconds() if at else 0.0)
        for name, (_, at) in sorted(found.items())
    ]
    yield _gauge("trivet_queue_length", "What waits, by queue.", lengths, "queue")
    yield _gauge("trivet_queue_oldest_seconds", "Since when the oldest one waits.", ages, "queue")


def _breakers(tx: Transaction) -> Iterator[Metric]:
    known = breakers.every(tx)
    opened = [((entry.target,), int(entry.until > tx.stamp)) for entry in known]
    yield _gauge("trivet_breaker_open", "1 while nobody calls the system.", opened, "system")
    failures = [((entry.target,), entry.failures) for entry in known]
    yield _gauge("trivet_breaker_failures", "Calls in a row that came to nothing.", failures, "system")


def _open(tx: Transaction) -> Iterator[Metric]:
    """What a person should look at."""
    alerts = select(alert.c.kind, func.count()).where(alert.c.over_at.is_(None)).group_by(alert.c.kind)
    yield _gauge("trivet_alerts_open", "Alerts that are not over.", _rows(tx, alerts), "kind")
    cases = select(case.c.code, func.count()).where(case.c.state == "open").group_by(case.c.code)
    yield _gauge("trivet_cases_open", "Cases that wait for a person.", _rows(tx, cases), "code")
    aside = select(set_aside.c.stage, func.count()).where(set_aside.c.resolved_at.is_(None))
    rows = _rows(tx, aside.group_by(set_aside.c.stage))
    yield _gauge("trivet_set_aside_open", "Documents that are set aside.", rows, "stage")


def _rows(tx: Transaction, query: Any) -> list[tuple[tuple[str, ...], float]]:
    return sorted(((name,), float(n)) for name, n in tx.conn.execute(query))


def _gauge(name: str, said: str, rows: Iterable[tuple[tuple[str, ...], float]], *labels: str) -> Metric:
    made = GaugeMetricFamily(name, said, labels=labels)
    for values, number in rows:
        made.add_metric(list(values), number)
    return made


def _counter(name: str, said: str, rows: Iterable[tuple[tuple[str, ...], float]], *labels: str) -> Metric:
    made = CounterMetricFamily(name, said, labels=labels)
    for values, number in rows:
        made.add_metric(list(values), number)
    return made
