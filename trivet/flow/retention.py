"""What is kept how long, and what a court wants kept."""

from typing import Any

from trivet.errors import LedgerError
from trivet.flow.hub import Hub
from trivet.flow.report import find_person
from trivet.ledger import erasures
from trivet.ledger.audit import WHOLE_LEDGER, Event

Row = dict[str, Any]


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
