"""A person's decision on what is stuck or refused; closes the case and goes on from there."""

from typing import Any, Literal

from trivet.delivery.progress import judge
from trivet.delivery.transitions import follow, move
from trivet.errors import LedgerError
from trivet.ledger import cases, operations
from trivet.ledger.ledger import Ledger

Decision = Literal["send_again", "confirmed", "take_back", "compensated", "written_off"]
_STATES: dict[Decision, str] = {
    "send_again": "planned",
    "confirmed": "confirmed",
    "take_back": "comp_planned",
    "compensated": "compensated",
    "written_off": "written_off",
}
_POSSIBLE: dict[str, frozenset[Decision]] = {
    "stuck": frozenset(_STATES),
    "rejected": frozenset({"send_again"}),
}


def decide(ledger: Ledger, operation_id: str, decision: Decision, *, actor: str, note: str = "") -> None:
    """What a named person found at the target (`confirmed`, `compensated`) or wants done about it.

    A refused operation can only be sent again. `LedgerError` where the operation is neither stuck nor refused.
    """
    with ledger.begin() as tx:
        entry = operations.by_ids(tx, [operation_id], lock=True).get(operation_id)
        if entry is None:
            raise LedgerError(f"no operation {operation_id!r}", code="OPERATION_UNKNOWN")
        allowed = _POSSIBLE.get(entry.state, frozenset())
        newer = operations.by_reference(tx, [entry.reference])[entry.reference][-1]
        if entry.state == "rejected" and newer.id != entry.id:
            allowed = frozenset()  # what was decided since counts
        if decision not in allowed:
            raise LedgerError(
                f"operation {operation_id} is {entry.state}: nothing to decide with {decision}",
                code="NOTHING_TO_DECIDE",
                cure=f"possible: {', '.join(sorted(allowed)) or 'nothing'}",
            )
        fresh: dict[str, Any] = {"due_at": None, "failures": 0, "stuck_from": None, "undo_reason": None}
        move(tx, [entry], _STATES[decision], code=decision, actor=actor, note=note, **fresh)
        cases.close_for(tx, entry.id, decision=decision, actor=actor, note=note)
        follow(tx, [entry.id])
        judge(tx, [entry.batch_id])
