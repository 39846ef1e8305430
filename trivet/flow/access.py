"""Who looked at whose data, when, by which way: in the audit trail, in a chain of its own."""

from collections.abc import Iterable

from trivet.flow.hub import Hub
from trivet.ledger.audit import Event

CHAIN = "access"


def note(hub: Hub, subject_refs: Iterable[str], way: str, *, actor: str, why: str = "") -> None:
    """Keeps that the actor was shown what is held about these people; before it is shown."""
    with hub.ledger.begin() as tx:
        tx.events += [
            Event(CHAIN, subject_ref, "ACCESSED", actor=actor, note=f"{way}: {why}" if why else way)
            for subject_ref in sorted(set(subject_refs))
        ]
