"""What is kept how long: rules by class of data, region and purpose, in `data.retention` of mappings/sites/<site>.yaml.

    recordings   the file goes, so long after it was fetched
    person       everything goes, so long after anything about the person last changed: the erasure of `trivet.flow.privacy.erase`

Of a person who applied at several sites the rule that keeps longest counts. A legal hold stops every rule.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from trivet.errors import LedgerError, TrivetError
from trivet.flow.hub import Hub
from trivet.flow.identity import EMPLOYEE_NUMBER
from trivet.flow.privacy import erase
from trivet.flow.privacy.residency import Rules, load_rules
from trivet.flow.privacy.withdrawal import sites_of
from trivet.flow.report import FoundPerson, find_person
from trivet.ledger import documents, erasures, people, recordings
from trivet.ledger.audit import ENGINE, WHOLE_LEDGER, Event
from trivet.ledger.bulk import chunks
from trivet.ledger.ledger import Transaction
from trivet.ledger.recordings import Recording
from trivet.ledger.tables import document
from trivet.ledger.times import stamp

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Due:
    """What a rule says has been kept long enough."""

    tenant: str
    subject_ref: str
    data: str
    since: str
    days: int
    recording: Recording | None = None


EXPIRED = "RETENTION_EXPIRED"


def over(hub: Hub, tenant: str, subject_refs: Collection[str]) -> dict[str, int]:
    """Those of the people of whom everything has been kept as long as it may be, and how many days that is.

    A legal hold keeps what is here from being erased; it is no leave to pass it on.
    """
    rules = _with_retention(hub)
    if not rules or not subject_refs:
        return {}
    with hub.ledger.read() as tx:
        found = list(_due(tx, tenant, rules, frozenset(subject_refs)))
    return {entry.subject_ref: entry.days for entry in found if entry.data == "person"}


def _with_retention(hub: Hub) -> dict[str, Rules]:
    return {name: one for name, one in load_rules(hub.settings.home).items() if one.retention}


def due(hub: Hub) -> list[Due]:
    """What has been kept long enough, by person; nothing of whom a hold protects."""
    rules = _with_retention(hub)
    if not rules:
        return []
    with hub.ledger.read() as tx:
        held = {(tenant, ref) for tenant, ref, _ in erasures.holds(tx)}
        found = [
            entry for tenant in documents.tenants(tx, "application") for entry in _due(tx, tenant, rules)
        ]
    return [entry for entry in found if (entry.tenant, entry.subject_ref) not in held]


def _due(
    tx: Transaction, tenant: str, rules: dict[str, Rules], only: Collection[str] | None = None
) -> Iterator[Due]:
    changed = dict(_changed(tx, tenant, only))
    sites = sites_of(tx, tenant, sorted(changed))
    employed = people.having(tx, tenant, EMPLOYEE_NUMBER, sites)
    for ref, names in sorted(sites.items()):
        purpose = "employment" if ref in employed else "recruiting"
        for data, since, recording in _held(tx, tenant, ref, changed[ref]):
            days = _days(rules, names, data, purpose)
            if days is not None and since < stamp(tx.now - timedelta(days=days)):
                yield Due(tenant, ref, data, since, days, recording)


def _held(
    tx: Transaction, tenant: str, ref: str, changed: str
) -> Iterator[tuple[str, str, Recording | None]]:
    yield "person", changed, None
    for since, entry in recordings.fetched(tx, tenant, ref):
        yield "recordings", since, entry


def _days(rules: dict[str, Rules], sites: set[str], data: str, purpose: str) -> int | None:
    """The longest of the sites' times; None where one of the sites keeps it without end."""
    found: list[int] = []
    for site in sites:
        named = (
            [r.days for r in rules[site].retention if (r.data, r.purpose) == (data, purpose)]
            if site in rules
            else []
        )
        if not named:
            return None
        found.append(max(named))
    return max(found, default=None)


def _changed(tx: Transaction, tenant: str, only: Collection[str] | None) -> Iterator[tuple[str, str]]:
    """When anything about a person last changed: of everybody, or of these alone."""
    query = select(document.c.subject_ref, func.max(document.c.changed_at)).where(document.c.tenant == tenant)
    query = query.group_by(document.c.subject_ref)
    parts = (
        [document.c.subject_ref.is_not(None)]
        if only is None
        else map(document.c.subject_ref.in_, chunks(only))
    )
    for part in parts:
        yield from ((row[0], row[1]) for row in tx.conn.execute(query.where(part)))


def run(hub: Hub, *, dry_run: bool = False) -> list[Row]:
    """What was due and what became of it; erasures that waited for something go on first."""
    rows = (
        []
        if dry_run
        else [_row(entry["subject_ref"], "person", entry["state"]) for entry in erase.resume(hub)]
    )
    found = due(hub)
    whole = {entry.subject_ref for entry in found if entry.data == "person"}
    for entry in found:
        if entry.data == "recordings" and entry.subject_ref in whole:
            continue  # goes with the person
        state = "due" if dry_run else _end(hub, entry)
        rows.append(_row(entry.subject_ref, entry.data, state, since=entry.since, days=entry.days))
    return rows


def _row(ref: str, data: str, state: str, *, since: str = "", days: int | None = None) -> Row:
    return {"subject_ref": ref, "data": data, "since": since, "kept_days": days, "state": state}


def _end(hub: Hub, entry: Due) -> str:
    try:
        if entry.recording is not None:
            return _delete(hub, entry, entry.recording)
        found = FoundPerson(entry.tenant, entry.subject_ref)
        erase.start(hub, found, f"kept for {entry.days} days, as the site's rule says")
        state: str = erase.go_on(hub, found).get("state", "erased")
    except TrivetError as error:
        return error.code
    return state


def _delete(hub: Hub, entry: Due, recording: Recording) -> str:
    with hub.ledger.read() as tx:
        alone = recording.path and recordings.at_path(tx, recording.path) == 1
    if recording.path and alone:
        # before the ledger says so: should it fail now, the next run deletes again
        hub.store.delete(recording.path)
    with hub.ledger.begin() as tx:
        gone = Recording(recording.id, "erased", recording.subject_ref)
        recordings.put_many(tx, entry.tenant, [gone])
        note = f"recording kept for {entry.days} days"
        tx.events.append(Event(WHOLE_LEDGER, entry.subject_ref, "RETENTION_ENDED", actor=ENGINE, note=note))
    return "erased"


def hold(hub: Hub, who: str, *, reason: str, actor: str) -> Row:
    """Nothing of the person is erased from now on, whoever asks."""
    with hub.ledger.begin() as tx:
        found = find_person(tx, who)
        erasures.hold(tx, found.tenant, found.subject_ref, reason, actor)
        tx.events.append(Event(WHOLE_LEDGER, found.subject_ref, "HOLD_PLACED", actor=actor, note=reason))
    return {"subject_ref": found.subject_ref, "reason": reason, "said_by": actor}


def release(hub: Hub, who: str, *, reason: str, actor: str) -> Row:
    """Ends the hold; `LedgerError` HOLD_NONE where there is none."""
    with hub.ledger.begin() as tx:
        found = find_person(tx, who)
        if not erasures.release(tx, found.tenant, found.subject_ref):
            raise LedgerError(
                "no hold stands on this person", code="HOLD_NONE", place=f"person {found.subject_ref}"
            )
        tx.events.append(Event(WHOLE_LEDGER, found.subject_ref, "HOLD_RELEASED", actor=actor, note=reason))
    return {"subject_ref": found.subject_ref, "released": True}
