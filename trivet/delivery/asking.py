"""What a target holds of our references, asked for in portions and on as many connections as it takes."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from trivet.contract import Target, TargetTraits
from trivet.ledger.bulk import chunks
from trivet.model import Found, Operation

_LEAST = 200


def at_once(traits: TargetTraits) -> int:
    """Operations asked for together; how many requests that takes is the connector's affair."""
    return max(traits.max_ops, _LEAST)


def find(
    target: Target, traits: TargetTraits, entity: str, wanted: Sequence[Operation]
) -> dict[str, list[Found]]:
    """The records by reference; the connector's error where one of the questions came to nothing."""
    # what takes several connections takes little in a call, and is asked in as many calls
    size = max(1, -(-min(len(wanted), at_once(traits)) // traits.connections))
    parts = list(chunks(wanted, size))
    if traits.connections == 1 or len(parts) == 1:
        answers = [target.find(entity, part) for part in parts]
    else:
        with ThreadPoolExecutor(traits.connections) as pool:
            answers = list(pool.map(partial(target.find, entity), parts))
    return {reference: list(rows) for answer in answers for reference, rows in answer.items()}
