"""What most integrations do, to show that the rig sees it fail: send, then record; what got no yes is sent again."""

from trivet.contract import Target, TargetTraits
from trivet.delivery.failpoints import reach
from trivet.delivery.transitions import move
from trivet.delivery.work import Limits, as_operation, hold
from trivet.errors import ConnectorError, Retryable, UnknownOutcome
from trivet.ledger import Ledger, contents
from trivet.model import Confirmed


def naive_push(
    ledger: Ledger, batch_id: str, target_id: str, target: Target, traits: TargetTraits, *, limits: Limits
) -> None:
    """Sends, then records."""
    with hold(ledger, batch_id, target_id, target, traits, limits) as work:
        with ledger.read() as tx:
            planned = work.at(tx, "planned")
            known = contents.get(tx, [entry.id for entry in planned])
        for entry in planned:
            try:
                [outcome] = target.send([as_operation(entry, known[entry.id].document or {})])
            except (ConnectorError, ValueError):
                continue
            if isinstance(outcome, UnknownOutcome | Retryable):
                continue
            reach("naive.after_send")
            with work.write() as tx:
                move(tx, [entry], "intent", each={"attempts": [entry.attempts + 1]}, sent_at=tx.stamp)
                fine = isinstance(outcome, Confirmed)
                number = {"remote_id": [outcome.remote_id]} if isinstance(outcome, Confirmed) else {}
                move(tx, [entry], "confirmed" if fine else "rejected", was="intent", each=number)
