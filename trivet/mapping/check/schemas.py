"""Walks a schema along a path: what kind of value lies there, and through how many lists the way leads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trivet.documents import Contracts

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """What a schema says of one path."""

    schema: Schema
    lists: int
    """How many lists the way leads through, the value itself included."""

    @property
    def types(self) -> frozenset[str]:
        """The JSON types that may stand there; empty where the schema does not say."""
        said = self.schema.get("type")
        if said is None and "enum" in self.schema:
            said = ["string"] if all(isinstance(value, str) for value in self.schema["enum"]) else None
        return frozenset([said] if isinstance(said, str) else said or ())


def place(schema: Schema, path: Sequence[str], contracts: Contracts) -> Place | None:
    """What lies at the path; None where the schema does not know it."""
    lists = 0
    schema = contracts.resolved(schema)
    for name in path:
        while isinstance(schema.get("items"), dict):
            schema, lists = contracts.resolved(schema["items"]), lists + 1
        below = schema.get("properties", {}).get(name)
        if not isinstance(below, dict):
            return None
        schema = contracts.resolved(below)
    return Place(schema, lists + (schema.get("type") == "array"))


def marked(tree: Any, schema: Schema, contracts: Contracts, above: str = "") -> list[str]:
    """The paths of a tree of reads whose values the schema marks as personal."""
    schema = contracts.resolved(schema)
    if schema.get("pii") is True and tree:
        return [above]
    while isinstance(schema.get("items"), dict):
        schema = contracts.resolved(schema["items"])
    known = schema.get("properties", {})
    if not isinstance(tree, dict):
        # the whole of something: which part of it comes out the engine does not tell
        return []
    return [
        path
        for name, below in tree.items()
        if name in known
        for path in marked(below, known[name], contracts, f"{above}.{name}" if above else name)
    ]
