"""The day's digest: what each flow did in 24 hours, what is open."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from trivet.flow.alerts.definition import Alerting, Language
from trivet.flow.alerts.words import title
from trivet.flow.hub import Hub
from trivet.ledger import alerts
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import batch, case, operation, set_aside
from trivet.ledger.times import stamp

LATEST = timedelta(hours=12)
"""A digest that could not be sent for so long is left out: the next one comes."""
_REFUSED, _WAITING = ("rejected", "stuck"), ("waiting_identity", "planned", "intent", "accepted", "unknown")
_SAID: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "title": "Trivet 日报 {day}", "none": "过去 24 小时没有批次。",
        "flow": "{flow}：{batches} 个批次，{records} 条记录，{scored} 场面试评分，录音 {minutes} 分钟；已送达 {delivered}，被拒或卡住 {refused}，等待 {waiting}，搁置 {aside}。",
        "open": "未解决：{open} 个告警，{cases} 个待处理事项。", "calm": "没有未解决的告警或待处理事项。",
    },
    "en": {
        "title": "Trivet, the last day {day}", "none": "No batch in the last 24 hours.",
        "flow": "{flow}: {batches} batches, {records} records, {scored} interviews scored, {minutes} minutes of audio; delivered {delivered}, refused or stuck {refused}, waiting {waiting}, set aside {aside}.",
        "open": "Open: {open} alerts, {cases} cases.", "calm": "No open alert, no open case.",
    },
}  # fmt: skip


def due(hub: Hub, alerting: Alerting) -> str | None:
    """What today's digest is called, once its time has come; None before, and long after."""
    if alerting.digest is None:
        return None
    local = hub.now().astimezone(alerting.digest.zone)
    at = local.replace(
        hour=alerting.digest.at.hour, minute=alerting.digest.at.minute, second=0, microsecond=0
    )
    return f"digest:{local.date().isoformat()}" if at <= local < at + LATEST else None


def written(hub: Hub, about: str, language: Language) -> tuple[str, tuple[str, ...]]:
    """Title and lines."""
    said = _SAID[language]
    with hub.ledger.read() as tx:
        rows = [said["flow"].format(**row) for row in _flows(hub, tx)]
        wrong = alerts.open_ones(tx)
        cases = tx.conn.scalar(select(func.count()).where(case.c.state == "open")) or 0
    if wrong or cases:
        rows.append(said["open"].format(open=len(wrong), cases=cases))
        rows += [
            f"- {title(entry.happening, language, over=False).removeprefix('Trivet: ')}" for entry in wrong
        ]
    else:
        rows.append(said["calm"])
    return said["title"].format(day=about.partition(":")[2]), tuple(rows)


def _flows(hub: Hub, tx: Transaction) -> Iterator[dict[str, Any]]:
    since = stamp(hub.now() - timedelta(days=1))
    lately = (batch.c.opened_at >= since) | (batch.c.closed_at >= since)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    flow_of = {}
    for row in tx.conn.execute(select(batch.c.id, batch.c.flow, batch.c.counters).where(lately)):
        flow_of[row.id] = row.flow
        counts[row.flow].update({"batches": 1, **json.loads(row.counters)})
    for name, flow in flow_of.items():
        states = select(operation.c.state, func.count()).where(operation.c.batch_id == name)
        for state, n in tx.conn.execute(states.group_by(operation.c.state)):
            counts[flow][_word(state)] += n
        aside = select(func.count()).where(set_aside.c.batch_id == name, set_aside.c.resolved_at.is_(None))
        counts[flow]["aside"] += tx.conn.scalar(aside) or 0
    for flow, n in sorted(counts.items()):
        names = ("batches", "records", "scored", "delivered", "refused", "waiting", "aside")
        yield {"flow": flow, "minutes": round(n["audio_ms"] / 60_000), **{name: n[name] for name in names}}


def _word(state: str) -> str:
    if state in _REFUSED:
        return "refused"
    return "waiting" if state in _WAITING else "delivered" if state == "confirmed" else "other"
