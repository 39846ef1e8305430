"""One step forward: before-images and intent, then (`pipeline` sends) the outcome; one vendor call, or several small ones.

read what the target holds (updates, deletes)      a kill here left no trace
commit intent, attempts and before-images          a kill from here on is "unknown", never "not sent"
send
commit the outcomes, and what a refusal takes back
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from trivet.delivery import history, policies
from trivet.delivery.exchange import FORWARD, intend, record
from trivet.delivery.failpoints import reach
from trivet.delivery.repair import keep_oldest
from trivet.delivery.sending import Answer
from trivet.delivery.states import FLYING
from trivet.delivery.transitions import get_stuck
from trivet.delivery.work import Work, as_operation
from trivet.documents.canonical import fingerprint
from trivet.errors import ConnectorError
from trivet.ledger import contents, gates, operations
from trivet.ledger.contents import Contents
from trivet.ledger.ledger import Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.tables import operation
from trivet.model import Document, Found, Operation


class Ready(NamedTuple):
    """Operations whose intent is committed, and the envelopes to send."""

    entries: list[StoredOperation]
    wanted: list[Operation]


def prepare(work: Work, part: Sequence[StoredOperation]) -> Ready | None:
    """Commits the intent for these operations of one kind and entity; None where nothing of it is to be sent now."""
    found = _before_images(work, part)
    if found is None:
        return None
    reach("push.before_intent")
    with work.write() as tx:
        entries, lives = _still_planned(work, tx, part)
        entries = _possible(work, tx, entries, found)
        known = contents.get(tx, [entry.id for entry in entries], "document")
        entries = _as_planned(work, tx, entries, known)
        remote = {entry.id: _remote_id(found, lives, entry) for entry in entries}
        if part[0].kind != "create":
            whose = {entry.id: entry.subject_ref for entry in entries}
            contents.put(tx, "before", {entry.id: _image(found, entry) for entry in entries}, whose)
        intend(work, tx, entries, FORWARD)
    if not entries:
        return None
    reach("push.after_intent")
    wanted = [as_operation(entry, known[entry.id].document or {}, remote[entry.id]) for entry in entries]
    return Ready(entries, wanted)


def conclude(work: Work, ready: Ready, answer: Answer) -> bool:
    """Commits what came of it; True where the batch is to be held from here on."""
    reach("push.after_send")
    with work.write() as tx:
        refused = record(work, tx, ready.entries, answer, FORWARD)
        policies.refused(tx, work.batch, refused)
        held = bool(refused) and policies.held(work, tx)
    reach("push.after_outcome")
    return held


def _before_images(work: Work, part: Sequence[StoredOperation]) -> Mapping[str, list[Found]] | None:
    """What the target holds of records that are to change; None where the reading failed and the push stops."""
    if part[0].kind == "create" or work.traits.asked_by == "nothing":
        return {}
    with work.ledger.read() as tx:
        known = contents.get(tx, [entry.id for entry in part], "document")
    wanted = {entry.id: as_operation(entry, known[entry.id].document or {}) for entry in part}
    try:
        found = work.find(part[0].entity, list(wanted.values()))
        for entry in part:
            rows = found.get(entry.reference, [])
            alike = all(row.document == rows[0].document for row in rows)
            if len(rows) > 1 and alike and keep_oldest(work, entry, rows):
                found |= work.find(entry.entity, [wanted[entry.id]])
    except ConnectorError as error:
        work.stopped = error
        return None
    return found


def _still_planned(
    work: Work, tx: Transaction, part: Sequence[StoredOperation]
) -> tuple[list[StoredOperation], dict[str, StoredOperation | None]]:
    """Those that may still go, and what lives at the target of each: judged in the transaction that sends them off."""
    moved = operations.moved(tx, [entry.id for entry in part], work.batch.id, part[0].kind, "planned")
    here = [entry for entry in part if entry.id not in moved]
    known = operations.by_reference(tx, {entry.reference for entry in here if entry.revision > 1}, lock=True)
    earlier = {
        entry.id: [past for past in known.get(entry.reference, []) if past.revision < entry.revision]
        for entry in here
    }
    waiting = _behind(work, tx, here)
    go = [
        entry
        for entry in here
        if entry.subject_ref not in waiting and history.in_the_way(earlier[entry.id]) is None
    ]
    return go, {entry.id: history.live(earlier[entry.id]) for entry in go}


def _behind(work: Work, tx: Transaction, here: Sequence[StoredOperation]) -> set[str | None]:
    """The people whose earlier operations here are not done yet: the irreversible comes last, so it waits."""
    people = {entry.subject_ref for entry in here if entry.subject_ref}
    if not people or here[0].position == 0:
        return set()
    theirs = (operation.c.subject_ref.in_(people), operation.c.position < here[0].position)
    undone = operations.people(
        tx, work.here(), *theirs, operation.c.state.in_(["planned", "stuck", *sorted(FLYING)])
    )
    # an earlier night's that somebody is still being asked about, or has let go this moment
    return {*undone, *gates.asked_elsewhere(tx, work.batch, work.target_id, *theirs)}


def _possible(
    work: Work, tx: Transaction, entries: list[StoredOperation], found: Mapping[str, list[Found]]
) -> list[StoredOperation]:
    """Those that the target can do; the others get stuck with a case."""
    troubles: dict[str, list[StoredOperation]] = {}
    for entry in entries:
        code = _trouble(work, entry, len(found.get(entry.reference, [])))
        if code:
            troubles.setdefault(code, []).append(entry)
    for code, stopped in troubles.items():
        get_stuck(tx, stopped, code, _TROUBLES[code])
        work.counts["stuck"] += len(stopped)
    hopeless = {entry.id for stopped in troubles.values() for entry in stopped}
    return [entry for entry in entries if entry.id not in hopeless]


def _as_planned(
    work: Work, tx: Transaction, entries: list[StoredOperation], known: Mapping[str, Contents]
) -> list[StoredOperation]:
    """Those whose document is the one that the key was given for; one key never carries two documents."""
    other = [
        entry
        for entry in entries
        if entry.kind != "delete" and fingerprint(known[entry.id].document) != entry.fingerprint
    ]
    get_stuck(tx, other, "IDEMPOTENCY_MISMATCH", _TROUBLES["IDEMPOTENCY_MISMATCH"])
    work.counts["stuck"] += len(other)
    return [entry for entry in entries if entry not in other] if other else entries


_TROUBLES = {
    "IDEMPOTENCY_MISMATCH": "the stored document is not the one that was planned under this key",
    "CANNOT_UPDATE": "the target cannot change a record",
    "CANNOT_DELETE": "the target cannot take a record away",
    "GONE_AT_TARGET": "the record is gone: somebody deleted it at the target",
    "DOUBLE_AT_TARGET": "several records carry the reference and differ",
}


def _trouble(work: Work, entry: StoredOperation, rows: int) -> str | None:
    if entry.kind == "update" and not work.traits.updates:
        return "CANNOT_UPDATE"
    if entry.kind == "delete" and not work.traits.deletes:
        return "CANNOT_DELETE"
    if rows > 1:
        return "DOUBLE_AT_TARGET"
    if entry.kind == "update" and rows == 0 and work.traits.asked_by != "nothing":
        return "GONE_AT_TARGET"
    return None


def _remote_id(
    found: Mapping[str, list[Found]], lives: Mapping[str, StoredOperation | None], entry: StoredOperation
) -> str | None:
    rows, life = found.get(entry.reference), lives[entry.id]
    if rows:
        return rows[0].remote_id
    return life.remote_id if life else None


def _image(found: Mapping[str, list[Found]], entry: StoredOperation) -> Document | None:
    rows = found.get(entry.reference)
    return rows[0].document if rows else None
