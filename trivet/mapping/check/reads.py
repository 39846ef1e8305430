"""What an expression reads, by the engine's own analysis: unknown paths, variables and tables; personal data on its way out."""

from collections.abc import Iterator, Mapping
from typing import Any

from trivet.mapping.check.around import Around, plain_path
from trivet.mapping.check.schemas import marked, marked_below
from trivet.mapping.compile import field_source, with_let
from trivet.mapping.engine import compile_expression
from trivet.mapping.functions import FUNCTIONS
from trivet.mapping.inputs import near, unknown_paths

BOUND = frozenset({"system", "item", "rule", "tables", *FUNCTIONS})
"""Variables that Trivet binds."""
Said = tuple[str, str]
"""Code and message."""


def reads_of(text: str, around: Around) -> Mapping[str, Any]:
    """What the expression reads of input and variables; `ExpressionFailed` where it does not parse."""
    reads: Mapping[str, Any] = compile_expression(with_let(text, around.let)).reads()
    return reads


def unknown(reads: Mapping[str, Any], around: Around) -> Iterator[Said]:
    """What is named and nobody gives."""
    bindings = reads.get("bindings") or {}
    for name in bindings:
        if name not in BOUND:
            yield "VARIABLE_UNKNOWN", f"${name} is not bound{near(name, [*BOUND, *around.let])}"
    tables = bindings.get("tables")
    for name in tables if isinstance(tables, dict) else ():
        if name not in around.tables:
            yield "TABLE_UNKNOWN", f"no table {name!r}{near(name, around.tables)}"
    for said in unknown_paths(reads.get("input"), around.schema, around.contracts):
        yield "PATH_UNKNOWN", said
    if around.item is not None:
        for said in unknown_paths(bindings.get("item"), around.item, around.contracts, "$item"):
            yield "PATH_UNKNOWN", said


def personal(field: Mapping[str, Any], around: Around) -> list[str]:
    """The personal values that a field is made of; its condition gives none of them away."""
    reads = reads_of(field_source({k: v for k, v in field.items() if k != "when"}), around)
    found = list(marked(reads.get("input"), around.schema, around.contracts))
    if around.item is not None:
        item = (reads.get("bindings") or {}).get("item")
        found += marked(item, around.item, around.contracts, "$item")
    named = plain_path(str(field.get("from", field.get("expr", ""))))
    known = around.at(named) if named else None
    if named and known is not None:
        found += marked_below(known.schema, around.contracts, ".".join(named))
    return list(dict.fromkeys(found))
