"""The checker that all of the rig shares: what must hold between ledger and targets once everything has come to rest.

I1   nothing is lost: every operation rests or has an open case; no wish to take back is forgotten
I2   nothing is there twice: one live record per reference, and one per record of a person
I3   confirmed: one record, with the content that the ledger's history comes to, and the ledger's number
I4   taken back: as it was before                    I5   refused, cancelled, superseded, written off: no effect
I6   no record that nobody planned                   I7   nothing is half done
I8   legal steps only; every sending announced       I9   fences only rise
I10  the audit chains hold                           I11  it comes to rest (`drain`, `recover`)
I14  no sending too many                             I15  nothing in the air without a case
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Row as SqlRow
from sqlalchemy import select

from trivet.delivery.history import live
from trivet.delivery.states import INITIAL, OPERATION, RESTING, UNSENT
from trivet.ledger import Ledger, batches, cases, contents, operations
from trivet.ledger.batches import Batch
from trivet.ledger.contents import Contents
from trivet.ledger.ledger import Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.tables import event, operation
from trivet.model import Document

_FORWARD, _BACKWARD = "intent", "comp_intent"
ALARMS = frozenset(
    {"MISSING_AT_TARGET", "DIFFERS_AT_TARGET", "STILL_AT_TARGET", "TARGET_CHANGED_SINCE", "GONE_AT_TARGET"}
)
"""What the engine says of records that a person, or a request that came doubled and late, changed or took."""

AVOIDABLE = frozenset({"DOUBLE_AT_TARGET", "CANNOT_BE_TAKEN_BACK"})
"""The same, for a target with which the engine can help itself."""


class Seen(NamedTuple):
    """One live record at a target."""

    reference: str | None
    remote_id: str
    document: Document


@dataclass(frozen=True)
class Told:
    """What the checker is told besides ledger and targets."""

    seen: Mapping[str, Sequence[Seen]]
    """Every live record, by target."""
    sent: Mapping[str, int] = field(default_factory=dict)
    """How often each operation key arrived at a target; doubled and late ones counted once."""
    touched: Collection[str] = ()
    """References of records that a person changed by hand."""
    atomic: str = "person"
    able: Collection[str] = ()
    """Targets that can be asked, and that can change and delete records."""
    doubled: bool = False
    """Some request came a second time, later."""


@dataclass(frozen=True)
class _Known:
    entries: Sequence[StoredOperation]
    contents: Mapping[str, Contents]
    batches: Mapping[str, Batch]
    cases: Collection[str]
    """Operations about which a case is open."""
    held: Collection[tuple[str | None, str | None]]
    """Batch and target where too many were refused."""
    events: Mapping[str, Sequence[SqlRow[Any]]]

    @property
    def histories(self) -> dict[str, list[StoredOperation]]:
        found: dict[str, list[StoredOperation]] = {}
        for entry in sorted(self.entries, key=lambda entry: entry.revision):
            found.setdefault(entry.reference, []).append(entry)
        return found


def check(ledger: Ledger, tenant: str, told: Told) -> None:
    """Fails with the number of the first promise that is broken."""
    with ledger.read() as tx:
        known = _read(tx, tenant)
    histories = known.histories
    for entry in known.entries:
        _steps(entry, known.events.get(entry.id, []))
        _rest(entry, histories[entry.reference], known, told)
    _fences(known)
    _sendings(known, told)
    for rows in told.seen.values():
        for row in rows:
            assert row.reference is None or row.reference in histories, "I6: a record that nobody planned"
    for reference, revisions in histories.items():
        _records(reference, revisions, known, told)
    _people(histories, known, told)
    _atomic(known, told.atomic)
    for one in known.batches.values():
        _batch(one, [entry for entry in known.entries if entry.batch_id == one.id])


def _read(tx: Transaction, tenant: str) -> _Known:
    entries = operations.find(tx, operation.c.tenant == tenant)
    ids = [entry.id for entry in entries]
    about = cases.find(tx, tenant=tenant)
    happened: dict[str, list[SqlRow[Any]]] = {}
    for row in tx.conn.execute(
        select(event).where(event.c.about.in_(ids)).order_by(event.c.chain, event.c.n)
    ):
        happened.setdefault(row.about, []).append(row)
    return _Known(
        entries,
        contents.get(tx, ids),
        {name: batches.get(tx, name) for name in {entry.batch_id for entry in entries}},
        {case.operation_id for case in about if case.operation_id},
        {(case.batch_id, case.target) for case in about if not case.operation_id},
        happened,
    )


def _steps(entry: StoredOperation, happened: Sequence[SqlRow[Any]]) -> None:
    """I8: legal steps, in one line."""
    rows = [row for row in happened if row.to_state]
    for row in rows:
        legal = (
            row.to_state in INITIAL if row.from_state is None else row.to_state in OPERATION[row.from_state]
        )
        assert legal, f"I8: {entry.id} went from {row.from_state} to {row.to_state}"
    if len({row.chain for row in rows}) == 1:
        state = None
        for row in rows:
            assert row.from_state == state, f"I8: {entry.id} jumped from {state} to {row.from_state}"
            state = row.to_state
        assert state == entry.state, f"I8: {entry.id} is {entry.state}, its events end at {state}"


def _rest(entry: StoredOperation, revisions: Sequence[StoredOperation], known: _Known, told: Told) -> None:
    """I1, I15: it rests, or a person knows."""
    if entry.state == "stuck":
        assert entry.id in known.cases, f"I1: {entry.id} is stuck without a case"
        return
    if entry.state == "confirmed":
        assert entry.undo_reason is None, f"I1: the wish to take {entry.id} back was forgotten"
    if entry.state in RESTING:
        return
    assert entry.state in UNSENT | {"comp_planned"}, f"I15: {entry.id} is {entry.state}, and nobody knows"
    if entry.state in {"planned", "comp_planned"}:
        near = {other.id for other in revisions}
        if entry.state == "planned":
            near |= {other.id for other in known.entries if other.subject_ref == entry.subject_ref}
        held = (entry.batch_id, entry.target) in known.held or near & set(known.cases)
        assert held, f"I11: {entry.id} is {entry.state}, and nothing is in its way"


def _fences(known: _Known) -> None:
    """I9: at one batch and target every announcement carries a fence as high as those before."""
    last: dict[tuple[str, str], tuple[int, int]] = {}
    at = {entry.id: entry.target for entry in known.entries}
    rows = [row for happened in known.events.values() for row in happened if row.fence is not None]
    for row in sorted(rows, key=lambda row: (row.chain, row.n)):
        place = (row.chain, at[row.about])
        assert row.fence >= last.get(place, (0, 0))[0], f"I9: the fences of {place} fall"
        last[place] = (row.fence, row.n)


def _sendings(known: _Known, told: Told) -> None:
    """I8, I14: no key arrived more often than it was announced, none without announcement."""
    announced: Counter[str] = Counter()
    for entry in known.entries:
        for row in known.events.get(entry.id, []):
            if row.to_state == _FORWARD:
                announced[entry.reference] += 1
            if row.to_state == _BACKWARD or row.code == "REPAIR_INTENDED":
                announced[entry.reference] += 1
    arrived: Counter[str] = Counter()
    for key, times in told.sent.items():
        arrived[key.split("-")[0]] += times
    for reference, times in arrived.items():
        assert times <= announced[reference], (
            f"I14: {reference} was sent {times} times, announced {announced[reference]} times"
        )


def _records(reference: str, revisions: Sequence[StoredOperation], known: _Known, told: Told) -> None:
    """I2 to I5: the target shows what the ledger's history comes to, with the ledger's number."""
    if any(entry.state == "written_off" for entry in revisions):
        return  # a person took it over
    if any(entry.state == "stuck" for entry in revisions):
        if not told.doubled and reference not in told.touched:
            codes = {entry.error_code for entry in revisions if entry.state == "stuck"}
            false = codes & (ALARMS | (AVOIDABLE if revisions[0].target in told.able else set()))
            assert not false, f"I3: {false} of {reference}, which nobody touched"
        return
    rows = [row for row in told.seen[revisions[0].target] if row.reference == reference]
    life = live(revisions)
    assert len(rows) <= 1, f"I2: {len(rows)} records of {reference}"
    if reference in told.touched:
        return
    assert len(rows) == (life is not None), (
        f"I3, I5: {len(rows)} records of {reference}, the ledger says {life}"
    )
    if life is None:
        return
    shown, meant = _plain(rows[0].document), _plain(_comes_to(revisions, known))
    assert shown == meant, f"I3, I4: {reference} shows {shown}, the ledger says {meant}"
    born_again = any(entry.kind == "delete" and entry.state == "compensated" for entry in revisions)
    if life.remote_id and not born_again:
        assert rows[0].remote_id == life.remote_id, (
            f"I3: {reference} is {rows[0].remote_id}, not {life.remote_id}"
        )


def _comes_to(revisions: Sequence[StoredOperation], known: _Known) -> Document:
    shown: Document = {}
    for entry in revisions:
        if entry.state == "confirmed":
            document = known.contents[entry.id].document or {}
            shown = {"create": document, "update": shown | document, "delete": {}}[entry.kind]
    return shown


def _plain(document: Document) -> Document:
    return {name: value for name, value in document.items() if value is not None}


def _people(histories: Mapping[str, Sequence[StoredOperation]], known: _Known, told: Told) -> None:
    """I2: a person's record, told by its own name in it, is there once, whatever it is called."""
    for target, rows in told.seen.items():
        stuck = {
            ref
            for ref, revisions in histories.items()
            if any(entry.state in {"stuck", "written_off"} for entry in revisions)
        }
        names = Counter(row.document.get("name") for row in rows if row.reference not in stuck)
        twice = [name for name, times in names.items() if name and times > 1]
        assert not twice, f"I2: {twice} at {target} more than once"


def _atomic(known: _Known, atomic: str) -> None:
    """I7: nothing of what a refusal takes with it is left standing, but what was decided after it."""
    if atomic == "independent":
        return
    when: dict[tuple[str, str], int] = {}
    for happened in known.events.values():
        for row in happened:
            when[row.about, "PLANNED" if row.code == "PLANNED" else row.to_state or ""] = row.n
    groups: dict[object, list[StoredOperation]] = {}
    for entry in known.entries:
        if not entry.independent:
            key = entry.batch_id if atomic == "batch" else (entry.batch_id, entry.subject_ref)
            groups.setdefault(key, []).append(entry)
    for key, members in groups.items():
        for refused in members:
            for other in members:
                half = refused.state == "rejected" and other.state == "confirmed"
                later = when.get((other.id, "PLANNED"), 0) > when.get((refused.id, "rejected"), 0)
                assert not half or later, f"I7: {key} is half done"


def _batch(one: Batch, members: Sequence[StoredOperation]) -> None:
    """I4, I7: a batch that says that it was taken back has nothing left."""
    if one.state == "compensated":
        left = [entry.id for entry in members if entry.state == "confirmed"]
        assert not left, f"I4: batch {one.id} is compensated, {left} are confirmed"
