"""What an expression stands in: the schema of its input, the file's intermediate values, its tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trivet.documents import Contracts
from trivet.mapping.check.schemas import Place, Schema, place
from trivet.mapping.inputs import input_schema
from trivet.mapping.tables import Table
from trivet.mapping.tokens import NotUnderstood, Token, tokens


@dataclass(frozen=True, slots=True)
class Around:
    """Everything that the expressions of one file may name."""

    schema: Schema
    contracts: Contracts
    let: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    """Empty ones for those that cannot be read."""
    item: Schema | None = None
    """What `$item` is; None where nobody knows."""

    def at(self, path: Sequence[str]) -> Place | None:
        """What the schema says of a path; one that begins with a variable is followed into `let` and `each`."""
        if not path or not path[0].startswith("$"):
            return place(self.schema, path, self.contracts)
        if path[0] == "$item":
            return place(self.item, path[1:], self.contracts) if self.item is not None else None
        named = plain_path(self.let.get(path[0][1:], ""))
        return self.at([*named, *path[1:]]) if named and named[0] != path[0] else None


def around_of(
    name: str, source: str, data: Mapping[str, Any], tables: Mapping[str, Table], contracts: Contracts
) -> Around:
    """What the expressions of a file stand in that reads this source."""
    around = Around(input_schema(source, name, contracts), contracts, data.get("let", {}), tables)
    named = _listed(data.get("each", ""))
    known = around.at(named) if named else None
    if known is None:
        return around
    item = known.schema
    while isinstance(item.get("items"), dict):
        item = contracts.resolved(item["items"])
    return Around(around.schema, contracts, around.let, tables, item)


def plain_path(text: str) -> list[str] | None:
    """The names of an expression that is a path and nothing else; None for any other."""
    try:
        return path_of(tokens(text))
    except NotUnderstood:
        return None


def path_of(found: Sequence[Token]) -> list[str] | None:
    """The names of a path that these tokens are; None where they are anything else."""
    names = [token for token in found[::2] if token.kind == "name"]
    dots = [token for token in found[1::2] if token.text == "."]
    if not found or len(names) + len(dots) != len(found) or len(names) != len(dots) + 1:
        return None
    return [token.text.strip("`") for token in names]


def _listed(each: str) -> list[str] | None:
    """The path that `each` walks, with or without a condition on its entries behind it."""
    try:
        found = tokens(each)
    except NotUnderstood:
        return None
    opening = [i for i, token in enumerate(found) if token.text == "["]
    filtered = len(opening) == 1 and found[-1].text == "]"
    return path_of(found[: opening[0]] if filtered else found)
