"""What is wrong now, as the ledger, the clock and the scheduler tell it; no personal data and no vendor's words.

Each kind is looked at as a whole: what is no longer found is over. Where the scheduler is not at hand (a command line) runs
are not judged, and what was known of them stays.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from croniter import croniter
from sqlalchemy import func, select

from trivet.errors import ConfigError
from trivet.flow.alerts.definition import Alerting
from trivet.flow.definition import Flow, flow_files, load_flow
from trivet.flow.hub import Hub
from trivet.ledger import alerts, approvals, breakers
from trivet.ledger.alerts import Happening
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import batch, case, shape
from trivet.ledger.times import instant, stamp

FailedRuns = Mapping[str, tuple[str, str]]
"""By DAG its flow and the newest run's id, where that run failed."""
_DAY = 86_400


def happenings(
    hub: Hub, alerting: Alerting, failed_runs: FailedRuns | None
) -> tuple[list[Happening], set[str]]:
    """Everything that is wrong, and the kinds that were looked at."""
    judged = {
        "stale",
        "breaker_open",
        "case_opened",
        "drift",
        "approval_waits",
        "backup_old",
        "channel_failing",
    }
    with hub.ledger.read() as tx:
        found = [
            *_stale(hub, tx, alerting),
            *_breakers(tx),
            *_cases(tx),
            *_drift(tx),
            *_approvals(tx),
            *_channels(hub, tx),
        ]
    found += _backup(hub, alerting)
    if failed_runs is not None:
        judged.add("run_failed")
        found += [
            Happening(f"run_failed:{dag}", "run_failed", "RUN_FAILED", run, flow=flow, path=f"flow/{flow}")
            for dag, (flow, run) in failed_runs.items()
        ]
    return found, judged


def last_due(cron: str, zone: str, before: datetime) -> datetime:
    """The newest time of the schedule that is not after `before`, in UTC."""
    local = before.astimezone(ZoneInfo(zone))
    found: datetime = croniter(cron, local, ret_type=datetime).get_prev()
    if croniter.match(cron, local):
        found = local.replace(second=0, microsecond=0)
    return found.astimezone(UTC)


def flows_of(hub: Hub) -> Iterator[Flow]:
    """The flows whose file can be read; another one fails every night and says so."""
    for file in flow_files(hub.settings.home):
        try:
            yield load_flow(hub.settings.home, file.stem)
        except ConfigError:
            continue


def newest_nights(tx: Transaction) -> dict[tuple[str, str], tuple[str | None, str]]:
    """By tenant and flow when its newest closed night was closed, and when its newest one was opened."""
    query = (
        select(batch.c.tenant, batch.c.flow, func.max(batch.c.closed_at), func.max(batch.c.opened_at))
        .where(batch.c.kind == "night")
        .group_by(batch.c.tenant, batch.c.flow)
    )
    return {(tenant, flow): (closed, opened) for tenant, flow, closed, opened in tx.conn.execute(query)}


def _stale(hub: Hub, tx: Transaction, alerting: Alerting) -> Iterator[Happening]:
    """A flow that closed no batch since its last time; one that never ran is not missed."""
    nights = newest_nights(tx)
    for flow in flows_of(hub):
        known = nights.get((flow.tenant, flow.name))
        if flow.cron is None or known is None:
            continue
        due = last_due(flow.cron, flow.timezone, hub.now() - alerting.stale_after)
        closed, opened = known
        # before the first one is closed it may be at work
        newest = closed or opened
        if instant(newest) < due:
            since = newest[:16].replace("T", " ")
            yield Happening(
                f"stale:{flow.name}",
                "stale",
                "STALE",
                f"{since} UTC",
                flow=flow.name,
                path=f"flow/{flow.name}",
            )


def _breakers(tx: Transaction) -> Iterator[Happening]:
    for known in breakers.every(tx):
        if known.until:
            yield Happening(
                f"breaker_open:{known.target}", "breaker_open", "BREAKER_OPEN", _first_line(known.reason),
                system=known.target, count=known.failures, path="connections",
            )  # fmt: skip


def _cases(tx: Transaction) -> Iterator[Happening]:
    """Open cases, those of one batch and code together: a bad night is one message."""
    query = (
        select(case.c.batch_id, case.c.code, case.c.target, batch.c.flow, func.count().label("n"))
        .select_from(case.outerjoin(batch, batch.c.id == case.c.batch_id))
        .where(case.c.state == "open")
        .group_by(case.c.batch_id, case.c.code, case.c.target, batch.c.flow)
        .order_by(case.c.batch_id, case.c.code, case.c.target)
    )
    for row in tx.conn.execute(query):
        about = row.batch_id or row.target or "-"
        yield Happening(
            f"case_opened:{about}:{row.code}:{row.target or ''}", "case_opened", row.code, row.batch_id or "",
            flow=row.flow, system=row.target, count=row.n, path="cases",
        )  # fmt: skip


def _approvals(tx: Transaction) -> Iterator[Happening]:
    """Questions to a named person that nobody has answered; one is told again as another when its reminder is due."""
    for one in approvals.find(tx):
        # its reminders are used up one after the other
        again = f":{sum(at is None for at in (one.remind_at, one.escalate_at))}"
        said = f"{one.detail['operations']} operations, {', '.join(one.causes)}, until {one.expires_at[:16]}Z"
        yield Happening(
            f"approval_waits:{one.id}{again}", "approval_waits", "APPROVAL_WAITS", said, flow=one.flow,
            path=f"approval/{one.id}",
        )  # fmt: skip


def _drift(tx: Transaction) -> Iterator[Happening]:
    query = select(shape.c.flow, shape.c.source, shape.c.noticed_batch).where(shape.c.state != "known")
    found: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
    for row in tx.conn.execute(query.order_by(shape.c.flow, shape.c.source)):
        found[row.flow].append((row.source, row.noticed_batch))
    for flow, noticed in found.items():
        sources = ", ".join(dict.fromkeys(source for source, _ in noticed))
        newest = max((where for _, where in noticed if where), default="")
        yield Happening(
            f"drift:{flow}", "drift", "DRIFT", sources[:200], flow=flow, count=len(noticed),
            path=f"batch/{newest}" if newest else "",
        )  # fmt: skip


def _channels(hub: Hub, tx: Transaction) -> Iterator[Happening]:
    since = stamp(datetime.fromtimestamp(hub.now().timestamp() - _DAY, UTC))
    for channel, code in alerts.failing(tx, since).items():
        yield Happening(
            f"channel_failing:{channel}", "channel_failing", "CHANNEL_FAILING", code, system=channel
        )


def _backup(hub: Hub, alerting: Alerting) -> Iterator[Happening]:
    if alerting.backups is None:
        return
    files = (
        [file for file in alerting.backups.glob("*") if file.is_file()] if alerting.backups.is_dir() else []
    )
    newest = max((file.stat().st_mtime for file in files), default=None)
    if newest is None or hub.now().timestamp() - newest > alerting.backup_age.total_seconds():
        said = datetime.fromtimestamp(newest, UTC).strftime("%Y-%m-%d %H:%M UTC") if newest else ""
        yield Happening("backup_old", "backup_old", "BACKUP_OLD", said)


def _first_line(text: str) -> str:
    return text.splitlines()[0][:200] if text else ""
