"""Four eyes: what is taken back in production is taken back by two people, the one who asks and the one who approves."""

from sqlalchemy import select

from trivet.delivery.compensate import Scope
from trivet.errors import LedgerError
from trivet.flow.hub import Hub
from trivet.ledger.tables import batch, operation

PRODUCTION = "production"
NOBODY = frozenset({"", "airflow", "cli", "unknown", "trivet"})
"""Actors that name no person."""


def demanded(hub: Hub, scope: Scope) -> bool:
    """True where the scope holds an operation of a production batch."""
    ours = select(operation.c.id).join(batch, batch.c.id == operation.c.batch_id)
    query = ours.where(scope.condition(), batch.c.environment == PRODUCTION).limit(1)
    with hub.ledger.read() as tx:
        return tx.conn.scalar(query) is not None


def check(requester: str, approver: str | None) -> None:
    """`LedgerError` where there is no approver, no requester who is a person, or both are the same."""
    if _name(requester) in NOBODY:
        raise LedgerError(
            "nobody is known to have asked for this rollback, so nobody else can approve it",
            code="REQUESTER_UNKNOWN", cure="say who asks (--actor), or start the DAG as a logged-in user",
        )  # fmt: skip
    if _name(approver or "") in NOBODY:
        raise LedgerError(
            "a second person has to approve this rollback; nothing was undone", code="APPROVAL_MISSING",
            cure="--approved-by NAME on the command line, or the task `approve` of the DAG rollback",
        )  # fmt: skip
    if same_person(requester, approver):
        raise LedgerError(
            f"{requester} asked for this rollback and cannot approve it; nothing was undone",
            code="APPROVAL_SAME_PERSON", cure="somebody else has to approve",
        )  # fmt: skip


def same_person(one: str | None, other: str | None) -> bool:
    """Whether both names are one person's, however they are written."""
    return one is not None and other is not None and _name(one) == _name(other)


def _name(said: str) -> str:
    # the same person in another spelling is the same person
    return said.strip().casefold()
