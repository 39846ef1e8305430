"""Which steps of a run came to their end. A batch that is closed before all of them did leaves what it brought to the next night.

In Airflow a step that fails does not stop those after it: what was scored is delivered, and the batch is closed. What a failed
`score` or `decide` did not look at would be lost there, for the next night looks only at what is new.
"""

from trivet.flow.definition import Flow
from trivet.flow.hub import Hub
from trivet.ledger import batches
from trivet.ledger.batches import Batch

DECIDED = "decide"


def scored(shard: int, of: int) -> str:
    """The step's name in the ledger."""
    return f"score {shard + 1}/{of}"


def passed(hub: Hub, batch: Batch, step: str) -> None:
    """Notes that the step looked at everything that was its own."""
    with hub.ledger.begin() as tx:
        batches.passed(tx, batch.id, step)


def missing(flow: Flow, batch: Batch) -> list[str]:
    """The steps that did not come to their end, of those that the flow needs; `batch` as it is now."""
    # Airflow scores a fresh result in one piece
    pieces = (flow.shards, 1) if batch.kind == "event" else (flow.shards,)
    ways = [[scored(shard, of) for shard in range(of)] for of in pieces] if flow.assessment else [[]]
    return min(([step for step in [*way, DECIDED] if step not in batch.through] for way in ways), key=len)
