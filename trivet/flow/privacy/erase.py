"""Erases a person everywhere: what was pushed is taken back, what is stored goes with its key, what cannot come back is listed.

    hold? ─► begun: buried, consents ended, nothing more is sent ─► targets ─► files ─► ledger, archives ─► keys ─► proof
                                                                       └─ in the air: due, goes on with the next call

Every step may be repeated. The ledger goes after the targets: what was there before is needed to take something back.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from trivet.contract import TargetConnector
from trivet.delivery import compensate
from trivet.delivery.compensate import RollbackReport, Scope
from trivet.delivery.waiting import cancel_waiting
from trivet.errors import LedgerError, TrivetError
from trivet.flow.gates import approval
from trivet.flow.holding import system_waits
from trivet.flow.hub import Hub
from trivet.flow.identity import CANDIDATE, EMAIL, EMPLOYEE_NUMBER, PHONE
from trivet.flow.privacy.erasure_places import key_files, names_of, places_of
from trivet.flow.privacy.erasure_proof import STARTED, proof_of
from trivet.flow.report import FoundPerson, find_person
from trivet.flow.shelf import Shelf
from trivet.ledger import (
    archive_file,
    audit,
    cases,
    documents,
    erasures,
    key_copies,
    people,
    recordings,
    tombstones,
)
from trivet.ledger.audit import WHOLE_LEDGER, Event
from trivet.ledger.cases import NewCase
from trivet.ledger.erasures import Place
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import batch, tombstone

Row = dict[str, Any]
BY_HAND = "ERASURE_BY_HAND"


@dataclass(frozen=True, slots=True)
class Erasing:
    """Who is to be erased, why, and who answers for it."""

    who: str
    """Pseudonym, candidate id, the HR system's id, or employee number."""
    reason: str
    actor: str
    approved_by: str | None = None
    """The second person, where a production system is touched."""


def preview(hub: Hub, who: str) -> list[Row]:
    """Every place at which something of the person is, and what would happen there; nothing is written."""
    found = _find(hub, who)
    with hub.ledger.read() as tx:
        known = erasures.places(tx, found.subject_ref)
        fresh = list(places_of(hub, tx, found))
    noted = {entry.place for entry in known}
    return [asdict(entry) for entry in (*known, *(one for one in fresh if one.place not in noted))]


def erase(hub: Hub, said: Erasing) -> Row:
    """The proof, or how far it came: `state` is `erased`, or `waits` where something is still in the air.

    `LedgerError` LEGAL_HOLD, APPROVAL_MISSING or APPROVAL_SAME_PERSON, and nothing erased.
    """
    found = _find(hub, said.who)
    with hub.ledger.read() as tx:
        begun = erasures.places(tx, found.subject_ref)
    if not begun:
        if said.approved_by is not None or _production(hub, found.tenant):
            approval.check(said.actor, said.approved_by)
        note = said.reason + (f" (approved by {said.approved_by})" if said.approved_by else "")
        start(hub, found, note, actor=said.actor)
    return go_on(hub, found)


def resume(hub: Hub) -> list[Row]:
    """Goes on with every erasure that waited for something; what each came to."""
    with hub.ledger.read() as tx:
        waiting = [FoundPerson(*entry) for entry in erasures.unfinished(tx)]
    return [go_on(hub, found) for found in waiting]


def go_on(hub: Hub, found: FoundPerson) -> Row:
    """Does what is left of a begun erasure."""
    cancel_waiting(hub.ledger, tenant=found.tenant, subject_refs=[found.subject_ref], reason="SUBJECT_ERASED")
    _take_back(hub, found)
    due = _due(hub, found)
    if any(entry.place.startswith("target ") for entry in due):
        return _waits(found, due)
    if due:
        if not _recordings(hub, found):
            return _waits(found, _due(hub, found))
        _reports(hub, found)
        _ledger(hub, found)
        _keys(hub, found)
    return proof_of(hub, found)


def _due(hub: Hub, found: FoundPerson) -> list[Place]:
    with hub.ledger.read() as tx:
        return [entry for entry in erasures.places(tx, found.subject_ref) if entry.state == "due"]


def _waits(found: FoundPerson, due: list[Place]) -> Row:
    return {
        "state": "waits",
        "subject_ref": found.subject_ref,
        "places": [asdict(entry) for entry in due],
    }


def readmit(hub: Hub, candidate_id: str, *, actor: str, reason: str) -> int:
    """The person may be taken in again, by an application of her own; how many ids were freed."""
    freed = 0
    with hub.ledger.begin() as tx:
        for tenant in _tenants(tx):
            ref = tombstones.buried(tx, tenant, [(CANDIDATE, candidate_id)]).get((CANDIDATE, candidate_id))
            if ref is not None:
                freed += tombstones.lift(tx, tenant, ref)
                erasures.close(tx, ref)
                tx.events.append(Event(WHOLE_LEDGER, ref, "SUBJECT_READMITTED", actor=actor, note=reason))
    if not freed:
        raise LedgerError(
            "nobody of that id was erased",
            code="PERSON_UNKNOWN",
            cure="name the candidate's canonical id: <system>/…",
        )
    return freed


def _tenants(tx: Transaction) -> list[str]:
    return sorted(set(tx.conn.scalars(select(tombstone.c.tenant).distinct())))


def _production(hub: Hub, tenant: str) -> bool:
    """Whether the tenant's data is that of real people: then two persons answer for an erasure."""
    query = (
        select(batch.c.id)
        .where(batch.c.tenant == tenant, batch.c.environment == approval.PRODUCTION)
        .limit(1)
    )
    with hub.ledger.read() as tx:
        return tx.conn.scalar(query) is not None


def _find(hub: Hub, who: str) -> FoundPerson:
    with hub.ledger.read() as tx:
        tenant = tombstones.known(tx, who)
        if tenant:
            return FoundPerson(tenant, who)
        for tenant in _tenants(tx):
            known = tombstones.buried(tx, tenant, [(CANDIDATE, who), (EMPLOYEE_NUMBER, who)])
            if known:
                return FoundPerson(tenant, next(iter(known.values())))
        return find_person(tx, who)


def start(hub: Hub, found: FoundPerson, why: str, *, actor: str = audit.ENGINE) -> None:
    """From here on nothing of the person comes in, and nothing new goes out; `LedgerError` LEGAL_HOLD, and nothing begun."""
    tenant, ref = found.tenant, found.subject_ref
    with hub.ledger.begin() as tx:
        hold = erasures.held(tx, tenant, ref)
        if hold is not None:
            raise LedgerError(
                f"a legal hold stands since {hold.since[:10]}: {hold.reason}", code="LEGAL_HOLD",
                place=f"person {ref}", cure="`trivet subject release` ends it, where the matter is over",
            )  # fmt: skip
        if erasures.places(tx, ref):
            return
        tombstones.bury(tx, tenant, ref, names_of(tx, found))
        erasures.put(tx, tenant, ref, places_of(hub, tx, found))
        people.leave(tx, tenant, ref, (EMAIL, PHONE), "erased")
        tx.events.append(Event(WHOLE_LEDGER, ref, STARTED, actor=actor, note=why))


def _take_back(hub: Hub, found: FoundPerson) -> None:
    with hub.ledger.read() as tx:
        due = [
            e
            for e in erasures.places(tx, found.subject_ref)
            if e.state == "due" and e.place.startswith("target ")
        ]
    for entry in reversed(due):
        target_id = entry.place.partition(" ")[2]
        try:
            waits = system_waits(hub, target_id)
            if waits is not None:
                _note(hub, found, Place(entry.place, "due", waits))
                continue
            declaration, _ = hub.declared(TargetConnector, target_id)
            with hub.built(TargetConnector, target_id) as target:
                done = compensate.rollback(
                    hub.ledger, Scope(subject_ref=found.subject_ref), {target_id: (target, declaration.traits)},
                    actor=audit.ENGINE, reason="the person is erased",
                )  # fmt: skip
            came_to = _outcome(entry.place, target_id, done)
        except LedgerError:
            raise
        except TrivetError as error:
            came_to = Place(entry.place, "due", f"could not be asked: {error.code}")
        _note(hub, found, came_to)


def _outcome(place: str, target_id: str, done: RollbackReport) -> Place:
    def here(entries: Iterable[Any]) -> int:
        return sum(getattr(entry, "operation", entry).target == target_id for entry in entries)

    if done.stopped or target_id in done.busy or here(done.pending):
        return Place(place, "due", f"{here(done.pending)} operations are still in the air")
    left = [entry for entry in done.left if entry.operation.target == target_id]
    if left:
        ids = ", ".join(sorted({entry.operation.remote_id or entry.operation.reference for entry in left}))
        return Place(place, "case", f"{len(left)} records could not be taken back, by hand: {ids}")
    return Place(place, "confirmed", f"{here(done.taken_back)} operations taken back")


def _note(hub: Hub, found: FoundPerson, place: Place) -> None:
    """Keeps what became of a place; where somebody has to act, a case says so."""
    with hub.ledger.begin() as tx:
        erasures.put(tx, found.tenant, found.subject_ref, [place])
        if place.state == "case":
            said = f"erasure of {found.subject_ref} at {place.place}: {place.detail}"
            cases.open_many(tx, [NewCase(found.tenant, BY_HAND, said, subject_ref=found.subject_ref)])
        code = f"ERASURE_{place.state.upper()}"
        tx.events.append(Event(WHOLE_LEDGER, found.subject_ref, code, note=place.place))


def _recordings(hub: Hub, found: FoundPerson) -> bool:
    """Whether they are gone: while one is not, the ledger must not forget where it lies."""
    with hub.ledger.read() as tx:
        heard = recordings.of_subject(tx, found.tenant, found.subject_ref)
        shared = {entry.path for entry in heard if entry.path and recordings.at_path(tx, entry.path) > 1}
    try:
        for entry in heard:
            # a file of an earlier version may be somebody else's, too: it goes with the last of them
            if entry.path and entry.path not in shared:
                hub.store.delete(entry.path)
    except TrivetError as error:
        said = f"the store of recordings could not be asked: {error.reason}"
        _note(hub, found, Place("recordings", "due", said))
        return False
    _note(hub, found, Place("recordings", "confirmed", f"{len(heard)} recordings deleted"))
    return True


def _reports(hub: Hub, found: FoundPerson) -> None:
    with hub.ledger.read() as tx:
        assessments = documents.ids_of(tx, found.tenant, [found.subject_ref], "assessment")
    shelf = Shelf(hub.settings.reports / found.tenant)
    for name in assessments:
        shelf.drop(name)
    _note(hub, found, Place("reports", "confirmed", f"of {len(assessments)} assessments deleted"))


def _ledger(hub: Hub, found: FoundPerson) -> None:
    moved = 0
    for file in archive_file.files(hub.settings.archive):
        with archive_file.writing(hub.ledger, file) as there:
            moved += erasures.forget_archived(there, found.tenant, found.subject_ref)
    _note(hub, found, Place("archives", "confirmed", f"contents of {moved} operations deleted"))
    with hub.ledger.begin() as tx:
        rows = erasures.forget(tx, found.tenant, found.subject_ref)
    _note(hub, found, Place("ledger", "confirmed", f"{rows} rows deleted or emptied"))


def _keys(hub: Hub, found: FoundPerson) -> None:
    with hub.ledger.begin() as tx:
        ids = erasures.erase_keys(tx, found.subject_ref)
        copies, at = key_files(hub, tx), tx.stamp
    erasures.write_over(hub.ledger)
    hub.ledger.people.forget()
    for file in copies:
        if not file.exists():
            said = (
                f"the copy is not there any more: where it went, take these keys out of it: {', '.join(ids)}"
            )
            came_to = Place(f"backup {file}", "case", said)
        elif key_copies.strip(file, ids, at):
            came_to = Place(f"backup {file}", "confirmed", "the person's key is not in it any more")
        else:
            said = f"the copy cannot be changed: take these keys out of it: {', '.join(ids)}"
            came_to = Place(f"backup {file}", "case", said)
        _note(hub, found, came_to)
    _note(hub, found, Place("keys", "confirmed", f"{len(ids)} keys erased"))
