"""Which operations and set-aside items a replay means: by id, reference, batch, person, flow, state or system."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, select

from trivet.errors import LedgerError
from trivet.flow.report import find_person
from trivet.ledger import batches, operations, set_asides
from trivet.ledger.ledger import Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.set_asides import SetAside
from trivet.ledger.tables import batch, operation

STATES = ("rejected", "stuck", "set_aside")
AGAIN = ("translate", "decide")
"""Stages whose set-aside items a mended file heals; the other stages look again by themselves in every run."""
_NEVER_SENT = ("superseded", "cancelled", "planned", "waiting_identity")


@dataclass(slots=True)
class Chosen:
    """What is to be replayed of one flow."""

    operations: list[StoredOperation] = field(default_factory=list)
    asides: list[SetAside] = field(default_factory=list)

    @property
    def records(self) -> list[str]:
        """The vendor records to translate again."""
        return [aside.item for aside in self.asides if aside.stage == "translate"]

    @property
    def applications(self) -> set[str]:
        """The applications that are named."""
        named = {entry.scope for entry in self.operations if entry.scope}
        return named | {aside.item for aside in self.asides if aside.kind == "application"}


def choose(
    tx: Transaction,
    what: str | None,
    *,
    flow: str | None = None,
    state: str | None = None,
    target: str | None = None,
) -> dict[str, Chosen]:
    """What is meant, by flow; `LedgerError` where nobody knows `what`, or nothing is said at all."""
    if not (what or flow or state or target):
        raise LedgerError(
            "say what to replay", code="REPLAY_WHAT",
            cure="an operation, a batch or a person; or --flow, --state, --system",
        )  # fmt: skip
    if state is not None and state not in STATES:
        raise LedgerError(
            f"operations that are {state} are not replayed", code="REPLAY_STATE",
            cure=f"one of {', '.join(STATES)}",
        )  # fmt: skip
    conditions, asides = _meant(tx, what)
    found: dict[str, Chosen] = {}
    flows = {row.id: row.flow for row in tx.conn.execute(select(batch.c.id, batch.c.flow))}
    if state != "set_aside":
        wanted = [state] if state else ["rejected", "stuck"]
        entries = operations.find(tx, operation.c.state.in_(wanted), *conditions)
        for entry in _last_word(tx, entries):
            if target in (None, entry.target) and flow in (None, flows[entry.batch_id]):
                found.setdefault(flows[entry.batch_id], Chosen()).operations.append(entry)
    if state in (None, "set_aside") and target is None:
        for aside in asides:
            if aside.stage in AGAIN and flow in (None, flows[aside.batch_id]):
                found.setdefault(flows[aside.batch_id], Chosen()).asides.append(aside)
    return found


def _meant(tx: Transaction, what: str | None) -> tuple[list[ColumnElement[bool]], Iterable[SetAside]]:
    if not what:
        return [], set_asides.find(tx)
    named = (operation.c.id == what) | (operation.c.reference == what) | (operation.c.key == what)
    if operations.find(tx, named, limit=1):
        return [named], []
    try:
        known = batches.get(tx, what)
        return [operation.c.batch_id == known.id], set_asides.find(tx, batch_id=known.id)
    except LedgerError:
        pass
    try:
        person = find_person(tx, what)
    except LedgerError:
        raise LedgerError(
            f"no operation, batch or person is known as {what!r}", code="REPLAY_UNKNOWN",
            cure="`trivet deliveries --state rejected` lists what was refused, `trivet status` the batches",
        ) from None  # fmt: skip
    mine = set_asides.find(tx, tenant=person.tenant, subject_ref=person.subject_ref)
    return [operation.c.subject_ref == person.subject_ref, operation.c.tenant == person.tenant], mine


def _last_word(tx: Transaction, entries: list[StoredOperation]) -> list[StoredOperation]:
    """Those after which nothing else of their record was sent."""
    known = operations.by_reference(tx, {entry.reference for entry in entries})
    newest = {
        [one for one in revisions if one.state not in _NEVER_SENT][-1].id for revisions in known.values()
    }
    return [entry for entry in entries if entry.id in newest]
