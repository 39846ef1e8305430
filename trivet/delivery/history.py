"""What the ledger's revisions of one record say: what lives at the target, and what must be waited for."""

from collections.abc import Sequence

from trivet.delivery.states import BLOCKING, UNSENT
from trivet.ledger.operations import StoredOperation
from trivet.model import OperationKind

OPEN_FORWARD = frozenset({"intent", "accepted", "unknown", "stuck"})
"""Open or disputed, and meant to be there in the end."""


def live(revisions: Sequence[StoredOperation]) -> StoredOperation | None:
    """The revision whose content the target holds, as far as it is confirmed; None where it holds nothing of ours."""
    done = [entry for entry in revisions if entry.state == "confirmed"]
    return done[-1] if done and done[-1].kind != "delete" else None


def in_the_way(revisions: Sequence[StoredOperation]) -> StoredOperation | None:
    """The newest revision whose effect is open or disputed; a later one waits for it."""
    return next((entry for entry in reversed(revisions) if entry.state in BLOCKING), None)


def unsent(revisions: Sequence[StoredOperation]) -> StoredOperation | None:
    """The newest revision, if nothing of it was sent."""
    return revisions[-1] if revisions and revisions[-1].state in UNSENT else None


def sent(revisions: Sequence[StoredOperation]) -> StoredOperation | None:
    """The newest revision that was ever sent."""
    return next((entry for entry in reversed(revisions) if entry.attempts), None)


def kind_for(revisions: Sequence[StoredOperation]) -> OperationKind:
    """How a document gets to the target after these revisions; what is open counts as if it will succeed.

    Judged again before sending (`push`), when nothing is open any more.
    """
    open_one = in_the_way(revisions)
    if open_one is not None and open_one.state in OPEN_FORWARD:
        return "create" if open_one.kind == "delete" else "update"
    return "update" if live(revisions) else "create"
