"""What no schema can see of one mapping or rules file: which expression meets which schema, and what comes of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from trivet.documents import Contracts
from trivet.errors import ConfigError, DocumentRefused
from trivet.mapping.check import lints, target
from trivet.mapping.check.around import Around, around_of
from trivet.mapping.check.finding import Finding
from trivet.mapping.check.reads import personal, reads_of, unknown
from trivet.mapping.check.schemas import Schema
from trivet.mapping.check.spots import Spots
from trivet.mapping.compile import field_source
from trivet.mapping.engine import ExpressionFailed, compile_expression
from trivet.mapping.expressions import expressions_of
from trivet.mapping.functions import named_zone
from trivet.mapping.inputs import near
from trivet.mapping.layers import escaped
from trivet.mapping.tables import Table, load_table

Field = Mapping[str, Any]


@dataclass(slots=True)
class Meaning:
    """Judges one effective file that keeps its schema."""

    spots: Spots
    contracts: Contracts
    _tables: dict[str, Table] = field(default_factory=dict)

    @property
    def data(self) -> Any:
        """The effective file."""
        return self.spots.layered.data

    def findings(self) -> Iterator[Finding]:
        """Everything that is wrong or most likely not meant."""
        data, name = self.data, self.spots.layered.name
        if data["metadata"]["name"] != name:
            said = f"metadata.name is {data['metadata']['name']!r}, the file is {name!r}"
            yield self.spots.at("/metadata/name", "NAME", said)
        yield from self._load_tables()
        wrong = list(self._syntax())
        yield from wrong
        if wrong:
            # what an expression reads is known only where every part of it parses
            return
        yield from self._rules() if data["kind"] == "Rules" else self._mapping()

    def _load_tables(self) -> Iterator[Finding]:
        for name, path in self.data.get("tables", {}).items():
            at = f"/tables/{escaped(name)}"
            try:
                self._tables[name] = load_table(self.spots.home, path, "", self.contracts)
            except ConfigError as error:
                self._tables[name] = {}
                yield self.spots.at(at, error.code, str(error.message))
            used = (f"tables.{name}", f"tables.`{name}`", f"lookup: {name}")
            if not any(word in self.spots.layered.text for word in used):
                yield self.spots.at(at, "TABLE_UNUSED", f"table {name!r} is not used")

    def _syntax(self) -> Iterator[Finding]:
        """Each expression by itself, so that an offset is a place in the file."""
        for pointer, text in expressions_of(self.data):
            try:
                uses_eval = compile_expression(text).uses_eval()
            except ExpressionFailed as error:
                yield self.spots.within(pointer, error.start or 0, error.code, str(error))
                continue
            if uses_eval:
                at = max(0, text.find("$eval"))
                yield self.spots.within(pointer, at, "EXPR_FORBIDDEN", "$eval is switched off")

    def _rules(self) -> Iterator[Finding]:
        data, around = self.data, self._around("decision_input")
        for i, rule in enumerate(data["rules"]):
            at, fields = f"/rules/{i}", {**data.get("common", {}), **rule["fields"]}
            yield from self._fields(
                f"{at}/fields", fields, around, self.contracts.schemas.get(rule["decision"])
            )
            for part in ("when", "key"):
                yield from self._expression(f"{at}/{part}", rule[part], around)
            yield from self._known(
                f"{at}/fields", fields, self.contracts.schema(rule["decision"]), rule["decision"]
            )

    def _mapping(self) -> Iterator[Finding]:
        data, around = self.data, self._around(self.data["source"]["schema"])
        fields, to = data["fields"], data["target"]
        if "each" in data:
            yield from self._expression("/each", data["each"], around)
        if "schema" not in to:
            described = target.described(self.spots.home, to["connector"], to["entity"])
            yield from self._fields("/fields", fields, around, described)
            if described is not None:
                yield from self._known("/fields", fields, described, to["entity"])
                yield from self._refused(fields, described, to["entity"], around)
            return
        schema = self.contracts.schemas.get(to["schema"])
        yield from self._fields("/fields", fields, around, schema)
        if schema is not None:
            yield from self._known("/fields", fields, schema, to["schema"])
        else:
            said = f"no schema {to['schema']!r}{near(to['schema'], self.contracts.schemas)}"
            yield self.spots.at("/target/schema", "SCHEMA_UNKNOWN", said)

    def _fields(
        self, pointer: str, fields: Mapping[str, Field], around: Around, schema: Schema | None
    ) -> Iterator[Finding]:
        for name, said in fields.items():
            at = self.spots.own(f"{pointer}/{escaped(name)}")
            if "lookup" in said and said["lookup"] not in self._tables:
                message = f"no table {said['lookup']!r}{near(said['lookup'], self._tables)}"
                yield self.spots.at(f"{at}/lookup", "TABLE_UNKNOWN", message)
                continue
            try:
                named_zone(said.get("date", {}).get("zone", "UTC"))
            except DocumentRefused as error:
                yield self.spots.at(f"{at}/date/zone", error.code, error.message)
            takes = target.of_field(schema or {}, name, self.contracts)
            try:
                for code, message in unknown(reads_of(field_source(said), around), around):
                    yield self.spots.at(at, code, message)
                yield from self._privacy(at, personal(said, around), said, takes)
            except ExpressionFailed as error:
                yield self.spots.at(at, error.code, str(error))
                continue
            yield from self._doubts(at, said, around, takes)

    def _privacy(self, at: str, carried: list[str], said: Field, takes: Any) -> Iterator[Finding]:
        mark = takes.schema.get("pii") if takes else None
        if carried and mark is False:
            cure = "the target's field must not hold any"
        elif carried and not mark and not said.get("pii"):
            cure = "say `pii: true`, or leave it out"
        else:
            return
        yield self.spots.key(at, "PII_FLOW", f"carries personal data ({', '.join(carried)}): {cure}")

    def _doubts(self, at: str, said: Field, around: Around, takes: Any) -> Iterator[Finding]:
        for part in ("from", "expr", "when"):
            for offset, code, message in lints.lint(said[part], around) if part in said else ():
                yield self.spots.within(f"{at}/{part}", offset, code, message)
        for offset, code, message in lints.truth(said.get("when", ""), around):
            yield self.spots.within(f"{at}/when", offset, code, message)
        for part, (offset, code, message) in lints.lint_field(said, around, takes):
            yield self.spots.within(f"{at}/{part}", offset, code, message)

    def _expression(self, pointer: str, text: str, around: Around) -> Iterator[Finding]:
        try:
            for code, said in unknown(reads_of(text, around), around):
                yield self.spots.at(pointer, code, said)
        except ExpressionFailed as error:
            yield self.spots.at(pointer, error.code, str(error))
            return
        asked = lints.truth(text, around) if pointer.endswith("/when") else ()
        for offset, code, said in (*lints.lint(text, around), *asked):
            yield self.spots.within(pointer, offset, code, said)

    def _known(
        self, pointer: str, fields: Mapping[str, Field], schema: Schema, title: str
    ) -> Iterator[Finding]:
        for name in fields:
            for _, code, said in target.unknown_field(name, schema, title):
                yield self.spots.key(self.spots.own(f"{pointer}/{escaped(name)}"), code, said)
        for said in target.missing(fields, schema, title):
            yield self.spots.at(pointer, "MAP_REQUIRED", said)

    def _refused(
        self, fields: Mapping[str, Field], schema: Schema, title: str, around: Around
    ) -> Iterator[Finding]:
        for name, said in fields.items():
            at = f"/fields/{escaped(name)}"
            for part, code, message in target.refused_there(name, said, schema, title, around):
                spot = (
                    self.spots.at(f"{at}/{part}", code, message)
                    if part
                    else self.spots.key(at, code, message)
                )
                yield spot

    def _around(self, source: str) -> Around:
        return around_of(self.spots.layered.name, source, self.data, self._tables, self.contracts)
