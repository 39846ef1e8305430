"""Counts a whole target once more: what was sent, what is confirmed, what is found there by reference.

Only reads at the target. What is missing or doubled there goes to a person, once. Whole pages of operations at a time:
a hundred thousand records need no more memory than a thousand.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from sqlalchemy import ColumnElement, select

from trivet.contract import Target, TargetTraits
from trivet.delivery import asking, history, progress
from trivet.delivery.transitions import get_stuck
from trivet.delivery.work import as_operation, holds
from trivet.ledger import cases, contents, operations
from trivet.ledger.bulk import chunks
from trivet.ledger.ledger import Ledger, Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.tables import operation
from trivet.model import Document

PAGE = 500
EXAMPLES = 5
MOST = 200
"""More wrong records than these at one target are one trouble with the target, and one case."""
_CODES = {"missing": "MISSING_AT_TARGET", "doubled": "DOUBLE_AT_TARGET"}
_MESSAGES = {
    "MISSING_AT_TARGET": "confirmed, but counted again the target holds no such record",
    "DOUBLE_AT_TARGET": "counted again, several records carry the reference",
}


@dataclass(slots=True)
class Count:
    """What counting one entity at one target came to; the numbers are records."""

    target: str
    entity: str
    sent: int = 0
    """Those that should be there in the end: confirmed, or still in the air."""
    confirmed: int = 0
    found: int = 0
    missing: int = 0
    differing: int = 0
    """There, and with other content: somebody may have changed them."""
    doubled: int = 0
    unasked: int = 0
    """Confirmed by a target that cannot be asked."""
    examples: dict[str, list[str]] = field(default_factory=dict)
    """References by `missing`, `differing`, `doubled` and `in_the_air`."""

    @property
    def balanced(self) -> bool:
        """True where sent = confirmed = found, each once."""
        return self.sent == self.confirmed == self.found + self.unasked and not self.doubled

    def example(self, word: str, reference: str) -> None:
        """Notes one of the first few."""
        known = self.examples.setdefault(word, [])
        if len(known) < EXAMPLES:
            known.append(reference)


@dataclass(slots=True)
class _Counting:
    ledger: Ledger
    target_id: str
    target: Target
    traits: TargetTraits
    counts: dict[str, Count] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    """Code by operation id, as many as would get a case of their own."""
    amount: int = 0

    def of(self, entity: str) -> Count:
        return self.counts.setdefault(entity, Count(self.target_id, entity))


def reconcile(
    ledger: Ledger, target_id: str, target: Target, traits: TargetTraits, *among: ColumnElement[bool]
) -> list[Count]:
    """The counts by entity of all records at the target, or of those `among` whose operations these conditions hold.

    A typed error where the target cannot answer; then nothing is judged.
    """
    work = _Counting(ledger, target_id, target, traits)
    for page in _pages(ledger, target_id, among):
        live = list(_live(work, page))
        live.sort(key=lambda entry: entry.entity)
        for entity, group in groupby(live, key=lambda entry: entry.entity):
            for part in chunks(group, asking.at_once(work.traits)):
                _ask(work, work.of(entity), part)
    if work.amount:
        with ledger.begin() as tx:
            _to_a_person(work, tx)
    return sorted(work.counts.values(), key=lambda count: count.entity)


def _pages(
    ledger: Ledger, target_id: str, among: Sequence[ColumnElement[bool]]
) -> Iterator[list[list[StoredOperation]]]:
    """Every record's revisions, by reference; no transaction stays open while the target is asked."""
    after = ""
    here = (operation.c.target == target_id, operation.c.attempts > 0, *among)
    while True:
        query = select(operation.c.reference).where(operation.c.reference > after, *here).distinct()
        with ledger.read() as tx:
            references = tx.conn.scalars(query.order_by(operation.c.reference).limit(PAGE)).all()
            if not references:
                return
            after = references[-1]
            page = list(operations.by_reference(tx, references).values())
        yield page


def _live(work: _Counting, page: Sequence[list[StoredOperation]]) -> Iterator[StoredOperation]:
    """The revisions that are to be found; what is in the air is counted as sent only."""
    for revisions in page:
        open_one, live = history.in_the_way(revisions), history.live(revisions)
        if open_one is not None and not (open_one.state == "stuck" and open_one.stuck_from == "planned"):
            if open_one.state in history.OPEN_FORWARD and open_one.kind != "delete":
                count = work.of(open_one.entity)
                count.sent += 1
                count.example("in_the_air", open_one.reference)
        elif live is not None:
            count = work.of(live.entity)
            count.sent += 1
            count.confirmed += 1
            if work.traits.asked_by == "nothing":
                count.unasked += 1
            else:
                yield live


def _ask(work: _Counting, count: Count, part: Sequence[StoredOperation]) -> None:
    with work.ledger.read() as tx:
        known = contents.get(tx, [entry.id for entry in part], "document")
    ours = {entry.reference: known[entry.id].document or {} for entry in part}
    wrong = _wrong(work, part, ours)
    if wrong:
        # a search index may lag for a moment: what looks wrong is asked for twice
        wrong = _wrong(work, [entry for entry, _ in wrong], ours)
    for entry, word in wrong:
        setattr(count, word, getattr(count, word) + 1)
        count.example(word, entry.reference)
        if word in _CODES:
            work.amount += 1
            if len(work.wrong) < MOST:
                work.wrong[entry.id] = _CODES[word]
    count.found += len(part) - sum(word == "missing" for _, word in wrong)


def _wrong(
    work: _Counting, part: Sequence[StoredOperation], ours: dict[str, Document]
) -> list[tuple[StoredOperation, str]]:
    """Those that are not there as they should be, each with the word for it."""
    wanted = [as_operation(entry, ours[entry.reference]) for entry in part]
    found = asking.find(work.target, work.traits, part[0].entity, wanted)
    wrong = []
    for entry in part:
        rows = found.get(entry.reference, ())
        if len(rows) != 1:
            wrong.append((entry, "doubled" if rows else "missing"))
        elif not holds(rows[0].document, ours[entry.reference]):
            wrong.append((entry, "differing"))
    return wrong


def _to_a_person(work: _Counting, tx: Transaction) -> None:
    if work.amount > MOST:
        _one_case(work, tx)
        return
    entries = operations.by_ids(tx, work.wrong, lock=True)
    known = operations.by_reference(tx, {entry.reference for entry in entries.values()})
    batches = set()
    for row_id, code in work.wrong.items():
        entry = entries.get(row_id)
        # somebody may have delivered or taken back meanwhile, and who has decided is not asked again
        if entry is None or history.live(known[entry.reference]) != entry:
            continue
        if any(case.code == code for case in cases.find(tx, state=None, operation_id=row_id)):
            continue
        get_stuck(tx, [entry], code, _MESSAGES[code])
        batches.add(entry.batch_id)
    progress.judge(tx, batches)


def _one_case(work: _Counting, tx: Transaction) -> None:
    codes = set(work.wrong.values())
    for code in sorted(codes):
        if any(case.code == code and case.target == work.target_id and case.operation_id is None
               for case in cases.find(tx)):  # fmt: skip
            continue
        tenants = {entry.tenant for entry in operations.by_ids(tx, work.wrong).values()}
        message = f"{work.amount} records are missing or doubled: look at the target itself, then count again"
        cases.open_many(tx, [cases.NewCase(min(tenants), code, message, target=work.target_id)])
