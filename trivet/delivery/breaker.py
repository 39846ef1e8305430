"""Spares a target that fails: after some calls in a row that came to nothing nobody calls it for a while.

The ledger remembers, so that it holds for every worker on every machine. When the pause is over one call tries; the next
failure pauses longer, an answer ends it all. A pause that the vendor asks for is kept in the same way.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from trivet.errors import ConnectorError, RateLimited
from trivet.ledger import breakers
from trivet.ledger.ledger import Transaction
from trivet.ledger.times import instant, stamp

if TYPE_CHECKING:
    from trivet.delivery.work import Work


def paused(tx: Transaction, target_id: str) -> tuple[int, RateLimited | None]:
    """The target's failures in a row, and the error that keeps everybody from calling it now."""
    known = breakers.get(tx, target_id)
    if known is None:
        return 0, None
    if known.until <= tx.stamp:
        return known.failures, None
    seconds = (instant(known.until) - tx.now).total_seconds()
    return known.failures, RateLimited(
        f"paused for another {seconds:.0f} s: {known.reason}",
        retry_after=seconds, connector=target_id, operation="send",
        cure="`trivet doctor` shows whether it answers; the next run goes on by itself",
    )  # fmt: skip


def note(tx: Transaction, work: "Work", *, answered: bool, failures: int, why: ConnectorError | None) -> None:
    """Keeps what a step learned: whether the target `answered` any call, and how many it failed in a row at the end."""
    before = 0 if answered else work.failing
    work.failing = before + failures
    if isinstance(why, RateLimited):
        asked = min(max(why.retry_after, 0.0), work.limits.max_pause)
        breakers.put(tx, work.target_id, work.failing, stamp(tx.now + timedelta(seconds=asked)), str(why))
    elif work.failing:
        until = ""
        if work.failing >= work.limits.trips:
            pause = work.limits.pause(work.failing - work.limits.trips)
            until = stamp(tx.now + timedelta(seconds=pause))
        breakers.put(tx, work.target_id, work.failing, until, str(why))
        if until:
            work.stopped = work.stopped or paused(tx, work.target_id)[1]
    elif work.noted:
        breakers.clear(tx, work.target_id)
    work.noted = bool(work.failing) or isinstance(why, RateLimited)
