"""Goals that share a plan: a person's goals of one goal plan entity, with their weights."""

from collections.abc import Mapping, Sequence
from itertools import islice

from trivet.model import Operation, Share, WeighedPlan

from .config import EntityConfig
from .wire import Wire, quoted, rows

WEIGHT, PERSON = "weight", "userId"
_PEOPLE = 40
"""People in one filter: the address stays below what gateways take."""


def plans(
    wire: Wire, entities: Mapping[str, EntityConfig], operations: Sequence[Operation]
) -> dict[str, WeighedPlan]:
    """By reference the plan of the operation's person; one goal plan template is one entity, Goal_<planId> (Goal.edmx).

    Not there for entities whose template has no weight, as some tenants' Goal_101.
    """
    found: dict[str, WeighedPlan] = {}
    for entity in {operation.entity for operation in operations}:
        weighed = [operation for operation in operations if operation.entity == entity]
        if {WEIGHT, PERSON} <= set(wire.metadata().get(entity, {})):
            found |= _of_entity(wire, entity, entities[entity], weighed)
    return found


def _of_entity(
    wire: Wire, entity: str, known: EntityConfig, operations: Sequence[Operation]
) -> dict[str, WeighedPlan]:
    shares: dict[str, list[Share]] = {}
    people = iter(dict.fromkeys(str(operation.document[PERSON]) for operation in operations))
    while part := list(islice(people, _PEOPLE)):
        said = " or ".join(f"{PERSON} eq {quoted(person)}" for person in part)
        for row in rows(wire, f"read plan {entity}", entity, {"$filter": said}):
            share = Share(str(row[known.key]), float(row.get(WEIGHT) or 0), row.get(known.reference) or None)
            shares.setdefault(str(row[PERSON]), []).append(share)
    return {
        operation.reference: WeighedPlan(
            f"{entity}|{operation.document[PERSON]}",
            WEIGHT,
            tuple(shares.get(str(operation.document[PERSON]), ())),
        )
        for operation in operations
    }
