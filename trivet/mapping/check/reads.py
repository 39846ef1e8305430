"""What an expression reads, by the engine's own analysis: unknown paths, variables and tables; personal data on its way out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trivet.documents import Contracts
from trivet.mapping.check.schemas import Schema, marked
from trivet.mapping.compile import with_let
from trivet.mapping.engine import compile_expression
from trivet.mapping.functions import FUNCTIONS
from trivet.mapping.inputs import near, unknown_paths

BOUND = frozenset({"system", "item", "rule", "tables", *FUNCTIONS})
"""Variables that Trivet binds."""
Said = tuple[str, str]
"""Code and message."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Judges the expressions of one file that read one schema."""

    schema: Schema
    let: Mapping[str, str]
    tables: Mapping[str, str]
    contracts: Contracts

    def judge(self, text: str) -> Iterator[Said]:
        """What the expression names and nobody gives it; `ExpressionFailed` where it does not parse."""
        reads = self._reads(text)
        bindings = reads.get("bindings") or {}
        for name in bindings:
            if name not in BOUND:
                yield "VARIABLE_UNKNOWN", f"${name} is not bound{near(name, [*BOUND, *self.let])}"
        tables = bindings.get("tables")
        for name in tables if isinstance(tables, dict) else ():
            if name not in self.tables:
                yield "TABLE_UNKNOWN", f"no table {name!r}{near(name, self.tables)}"
        for said in unknown_paths(reads.get("input"), self.schema, self.contracts):
            yield "PATH_UNKNOWN", said

    def personal(self, text: str) -> list[str]:
        """The personal values that the expression reads."""
        return marked(self._reads(text).get("input"), self.schema, self.contracts)

    def _reads(self, text: str) -> Any:
        return compile_expression(with_let(text, self.let)).reads()
