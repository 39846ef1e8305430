"""Takes confirmed effects back, the newest first; reads the target before each step, so that it may be repeated at will.

create → delete        update → the before-image        delete → create again
only while the target still shows what we wrote; what a person changed since is theirs, and becomes a case
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from trivet.delivery.exchange import BACKWARD, intend, record
from trivet.delivery.failpoints import reach
from trivet.delivery.keys import undo_key
from trivet.delivery.repair import keep_oldest
from trivet.delivery.sending import send_all
from trivet.delivery.states import BLOCKING
from trivet.delivery.transitions import get_stuck, move
from trivet.delivery.work import Work, as_operation, holds
from trivet.errors import ConnectorError
from trivet.ledger import contents, operations
from trivet.ledger.contents import Contents
from trivet.ledger.operations import StoredOperation
from trivet.model import Document, Found, Operation

ALREADY = "ALREADY_AS_BEFORE"
_MESSAGES = {
    "TARGET_CHANGED_SINCE": "somebody changed the record after us; it is left as it is",
    "CANNOT_BE_TAKEN_BACK": "the target has no way to undo this, or its earlier content is not known",
}


@dataclass(frozen=True, slots=True)
class _Step:
    """What to do for one operation: send `wanted`, or note `verdict` (ALREADY, or why it is stuck)."""

    entry: StoredOperation
    wanted: Operation | None = None
    verdict: str = ""


def undo(work: Work) -> None:
    """Takes back what is to be taken back here and due; stops where the connection must stop."""
    tried: set[str] = set()
    while not (work.stopped or work.bug):
        wave = [entry for entry in _wave(work) if entry.id not in tried]
        if not wave:
            return
        tried |= {entry.id for entry in wave}
        for part in _slices(wave, work.slice):
            if not (work.stopped or work.bug):
                _backward_step(work, part)


def _wave(work: Work) -> list[StoredOperation]:
    """Of the latest position, the newest revision of each record; a record's earlier revisions follow in later waves."""
    with work.ledger.read() as tx:
        planned = work.at(tx, "comp_planned")
        ready = [entry for entry in planned if not entry.due_at or entry.due_at <= tx.stamp]
        known = operations.by_reference(tx, {entry.reference for entry in ready})
    return [
        entry
        for entry in ready
        if not any(
            later.revision > entry.revision and later.state in BLOCKING | {"confirmed"}
            for later in known[entry.reference]
        )
    ]


def _slices(wave: Sequence[StoredOperation], size: int) -> list[list[StoredOperation]]:
    def alike(entry: StoredOperation) -> tuple[int, str, str]:
        return -entry.position, entry.entity, entry.kind

    parts = []
    for _, group in groupby(sorted(wave, key=alike), key=alike):
        entries = list(group)[::-1]
        parts += [entries[start : start + size] for start in range(0, len(entries), size)]
    return parts


def _backward_step(work: Work, part: Sequence[StoredOperation]) -> None:
    with work.ledger.read() as tx:
        known = contents.get(tx, [entry.id for entry in part])
    try:
        steps = _steps(work, part, known)
    except ConnectorError as error:
        work.stopped = error
        return
    reach("undo.before_intent")
    with work.write() as tx:
        already = [s.entry for s in steps if s.verdict == ALREADY]
        move(tx, already, "compensated", code=ALREADY, due_at=work.second_look(tx.now))
        for code in {s.verdict for s in steps} - {"", ALREADY}:
            get_stuck(tx, [s.entry for s in steps if s.verdict == code], code, _MESSAGES[code])
        entries = [s.entry for s in steps if s.wanted]
        intend(work, tx, entries, BACKWARD)
        work.counts["compensated"] += sum(s.verdict == ALREADY for s in steps)
        work.counts["stuck"] += sum(s.verdict not in ("", ALREADY) for s in steps)
    if not entries:
        return
    reach("undo.after_intent")
    answer = send_all(work, [s.wanted for s in steps if s.wanted])
    reach("undo.after_send")
    with work.write() as tx:
        record(work, tx, entries, answer, BACKWARD)
    reach("undo.after_outcome")


def _steps(work: Work, part: Sequence[StoredOperation], known: Mapping[str, Contents]) -> list[_Step]:
    if not _can(work, part[0]):
        return [_Step(entry, verdict="CANNOT_BE_TAKEN_BACK") for entry in part]
    if work.traits.asked_by == "nothing":
        # nobody can tell whether a person has changed it since: taking it back is a person's decision
        return [_Step(entry, verdict="CANNOT_BE_TAKEN_BACK") for entry in part]
    wanted = {entry.id: as_operation(entry, known[entry.id].document or {}) for entry in part}
    found = work.find(part[0].entity, list(wanted.values()))
    steps = []
    for entry in part:
        rows = found.get(entry.reference, [])
        ours = known[entry.id].document or {}
        if len(rows) > 1 and all(holds(row.document, ours) for row in rows):
            if not keep_oldest(work, entry, rows):
                continue  # the next run tries again
            rows = work.find(entry.entity, [wanted[entry.id]]).get(entry.reference, [])
        steps.append(_step(entry, known[entry.id], rows))
    return steps


def _can(work: Work, entry: StoredOperation) -> bool:
    if entry.kind == "create":
        return work.traits.deletes
    return entry.kind == "delete" or work.traits.updates


def _step(entry: StoredOperation, known: Contents, rows: Sequence[Found]) -> _Step:
    """What takes this operation back, judged by what the target shows now."""
    ours, before = known.document or {}, known.before
    row = rows[0] if len(rows) == 1 else None
    if entry.kind == "create":
        if not rows:
            return _Step(entry, verdict=ALREADY)
        if row and holds(row.document, ours):
            return _Step(entry, _backward(entry, {}, row.remote_id))
    elif entry.kind == "update":
        if before is None:
            return _Step(entry, verdict="CANNOT_BE_TAKEN_BACK")
        # null for what the record did not have: leaving the field out would leave our value in it
        kept = {name: before.get(name) for name in ours} if entry.adopted else before
        restored = dict.fromkeys(ours) | kept
        if row and holds(row.document, restored):
            return _Step(entry, verdict=ALREADY)
        if row and holds(row.document, ours):
            return _Step(entry, _backward(entry, restored, row.remote_id))
    else:
        if before is None or (row and holds(row.document, before)):
            return _Step(entry, verdict=ALREADY)
        if not rows:
            return _Step(entry, _backward(entry, before, None))
    return _Step(entry, verdict="TARGET_CHANGED_SINCE")


def _backward(entry: StoredOperation, document: Document, remote_id: str | None) -> Operation:
    inverse = {"create": "delete", "update": "update", "delete": "create"}
    return Operation(
        key=undo_key(entry.key),
        reference=entry.reference,
        kind=inverse[entry.kind],  # type: ignore[arg-type]
        entity=entry.entity,
        document=document,
        remote_id=remote_id,
        adopted=entry.adopted,
    )
