"""Who looked at whose data, when, by which way: kept in the audit trail before it is shown."""

from collections.abc import Iterable

from trivet.flow.hub import Hub
from trivet.ledger.audit import WHOLE_LEDGER, Event

CODE = "PERSONAL_DATA_OPENED"


def note(hub: Hub, subject_refs: Iterable[str], way: str, *, actor: str) -> None:
    """Keeps that the actor is shown what is held about these people; `way` is the command or page."""
    with hub.ledger.begin() as tx:
        tx.events += [
            Event(WHOLE_LEDGER, subject_ref, CODE, actor=actor, note=way)
            for subject_ref in sorted(set(subject_refs))
        ]
