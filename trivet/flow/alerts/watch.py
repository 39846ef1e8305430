"""One look at everything: what began, what is over, who is told; done again it tells nobody twice."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from trivet.flow.alerts import digest, sending, words
from trivet.flow.alerts.definition import Channel, Language, load_alerting
from trivet.flow.alerts.happenings import FailedRuns, happenings
from trivet.flow.hub import Hub
from trivet.ledger import alerts
from trivet.ledger.times import stamp

Row = dict[str, Any]


def watch(hub: Hub, *, address: str | None = None, failed_runs: FailedRuns | None = None) -> dict[str, int]:
    """Counts of alerts that began and ended, and of messages by what became of them.

    `address` is where people open Airflow. Without `failed_runs` runs are not judged.
    """
    alerting = load_alerting(hub.settings.home)
    found, judged = happenings(hub, alerting, failed_runs)
    with hub.ledger.begin() as tx:
        alerts.give_up_abandoned(tx)
        began, over = alerts.reconcile(tx, found, judged)
        for entry in began:
            told = alerting.told(entry.happening)
            alerts.want(tx, entry.id, "began", _opens(told, hub.now(), entry.happening.kind))
        asked_again = {entry.happening.path for entry in began if entry.happening.kind == "approval_waits"}
        for entry in over:
            if entry.happening.path and entry.happening.path in asked_again:
                continue  # a reminder is not the end of what it reminds of
            heard = alerts.heard(tx, entry.id)
            told = [channel for channel in alerting.channels if channel.name in heard]
            alerts.want(tx, entry.id, "over", _opens(told, hub.now(), entry.happening.kind))
        if (today := digest.due(hub, alerting)) is not None and alerting.digest is not None:
            alerts.want(tx, today, "digest", dict.fromkeys(alerting.digest.channels, tx.stamp))
    sent = sending.send_due(hub, alerting, address)
    return {"began": len(began), "over": len(over), **sent}


def listed(hub: Hub, language: Language, limit: int) -> list[Row]:
    """Alerts for people, the open ones first, each with what became of its messages."""
    with hub.ledger.read() as tx:
        known = alerts.recent(tx, limit)
        open_ones = alerts.open_ones(tx)
        every = {entry.id: entry for entry in (*open_ones, *known)}
        told = alerts.told_of(tx, every)
    return [
        {
            "id": entry.id,
            "kind": entry.happening.kind,
            "flow": entry.happening.flow,
            "system": entry.happening.system,
            "code": entry.happening.code,
            "count": entry.happening.count,
            "since": entry.since,
            "over_at": entry.over_at,
            "what": words.lines(entry.happening, language, since=entry.since, over=False)[0],
            "cure": words.lines(entry.happening, language, since=entry.since, over=False)[1],
            "path": entry.happening.path,
            "told": sending.rows(told, entry.id),
        }
        for entry in sorted(
            every.values(), key=lambda entry: (entry.over_at is not None, _later_first(entry))
        )
    ]


def _later_first(entry: alerts.Alert) -> float:
    return -datetime.fromisoformat(entry.since).timestamp()


def _opens(channels: Iterable[Channel], now: datetime, kind: str) -> dict[str, str]:
    return {channel.name: stamp(channel.opens(now, kind)) for channel in channels}
