"""Finds what is wrong in mapping and rules files before they run: every finding with file, line, column, code and cure."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trivet.documents import Contracts
from trivet.documents.yaml_file import Loaded, Position, complaints, read_yaml
from trivet.errors import ConfigError, DocumentRefused
from trivet.mapping.compile import field_source, with_let
from trivet.mapping.engine import ExpressionFailed, compile_expression
from trivet.mapping.files import Library, mapping_files, names
from trivet.mapping.functions import FUNCTIONS, named_zone
from trivet.mapping.inputs import input_schema, near, unknown_paths
from trivet.mapping.layers import Layered, broken, compose, kind_of
from trivet.mapping.tables import load_table

BOUND = frozenset({"system", "item", "rule", "tables", *FUNCTIONS})
"""Variables that Trivet binds."""
EXPRESSIONS = ("from", "expr", "when")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend."""

    file: str
    line: int
    column: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.code}: {self.message}"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def check_mappings(home: Path, contracts: Contracts) -> list[Finding]:
    """Every finding in the mapping and rules files and their tests."""
    findings: list[Finding] = []
    for file in mapping_files(home):
        findings += check_file(home, file, contracts)
        test = file.with_suffix(".test.yaml")
        if test.exists():
            findings += _test_file(home, test, contracts)
        else:
            said = f"no {test.name} beside it"
            findings.append(Finding(str(file.relative_to(home)), 1, 1, "TEST_MISSING", said))
    # what is wrong below a layer is told once
    return list({(f.file, f.line, f.column, f.code, f.message): f for f in findings}.values())


def check_file(home: Path, file: Path, contracts: Contracts) -> list[Finding]:
    """Every finding in one mapping or rules file, and in what it extends."""
    library = Library(home, contracts)
    (name,) = names(home, [file])
    try:
        kind = kind_of(read_yaml(file).data)
        layered = compose(name, kind, library.file)
    except ConfigError as error:
        return [_refused(home, file, error)]
    findings = [
        _finding(home, place, v.code, f"{v.pointer or 'the file'} {v.message}")
        for place, v in broken(layered, kind, contracts)
    ]
    return findings or list(dict.fromkeys(_Check(home, layered, contracts).meaning()))


def _test_file(home: Path, test: Path, contracts: Contracts) -> list[Finding]:
    try:
        loaded = read_yaml(test)
    except ConfigError as error:
        return [_refused(home, test, error)]
    return [
        _finding(home, place, v.code, f"{v.pointer or 'the file'} {v.message}")
        for place, v in complaints(loaded, "mapping_test", contracts)
    ]


def _refused(home: Path, file: Path, error: ConfigError) -> Finding:
    place = error.place if error.place and error.place.startswith(str(home)) else str(file)
    cure = f": {error.cure}" if error.cure else ""
    return _finding(home, place, error.code, error.message + cure)


def _finding(home: Path, place: str, code: str, message: str) -> Finding:
    """`file:line:column`, or the file alone, as a finding."""
    file, line, column = (*place.removeprefix(f"{home}/").split(":"), "1", "1")[:3]
    return Finding(file, int(line), int(column), code, message)


@dataclass(slots=True)
class _Check:
    home: Path
    layered: Layered
    contracts: Contracts

    @property
    def data(self) -> Any:
        return self.layered.data

    def meaning(self) -> Iterator[Finding]:
        """What the schema cannot see."""
        data = self.data
        if data["metadata"]["name"] != self.layered.name:
            said = f"metadata.name is {data['metadata']['name']!r}, the file is {self.layered.name!r}"
            yield self._at("/metadata/name", "NAME", said)
        yield from self._tables()
        wrong = list(self._syntax())
        yield from wrong
        if wrong:
            # what an expression reads is known only where every part of it parses
            return
        if data["kind"] == "Rules":
            for i, rule in enumerate(data["rules"]):
                at, fields = f"/rules/{i}/fields", {**data.get("common", {}), **rule["fields"]}
                yield from self._fields(at, fields, "decision_input")
                for part in ("when", "key"):
                    yield from self._reads(f"/rules/{i}/{part}", rule[part], "decision_input")
                yield from self._target(at, fields, rule["decision"])
            return
        source = data["source"]["schema"]
        yield from self._fields("/fields", data["fields"], source)
        if "each" in data:
            yield from self._reads("/each", data["each"], source)
        if "schema" in data["target"]:
            yield from self._target("/fields", data["fields"], data["target"]["schema"])

    def _tables(self) -> Iterator[Finding]:
        for name, path in self.data.get("tables", {}).items():
            try:
                load_table(self.home, path, "", self.contracts)
            except ConfigError as error:
                yield self._at(f"/tables/{name}", error.code, str(error.message))
            used = (f"tables.{name}", f"tables.`{name}`", f"lookup: {name}")
            if not any(word in self.layered.text for word in used):
                yield self._at(f"/tables/{name}", "TABLE_UNUSED", f"table {name!r} is not used")

    def _syntax(self) -> Iterator[Finding]:
        """Each expression by itself, so that an offset is a place in the file."""
        for pointer, text in self._expressions():
            try:
                uses_eval = compile_expression(text).uses_eval()
            except ExpressionFailed as error:
                yield self._in(pointer, error.start or 0, error.code, str(error))
                continue
            if uses_eval:
                yield self._in(pointer, max(0, text.find("$eval")), "EXPR_FORBIDDEN", "$eval is switched off")

    def _expressions(self) -> Iterator[tuple[str, str]]:
        data = self.data
        yield from ((f"/let/{name}", text) for name, text in data.get("let", {}).items())
        if "each" in data:
            yield "/each", data["each"]
        sheets = {"/fields": data.get("fields", {}), "/common": data.get("common", {})}
        for i, rule in enumerate(data.get("rules", [])):
            yield f"/rules/{i}/when", rule["when"]
            yield f"/rules/{i}/key", rule["key"]
            sheets[f"/rules/{i}/fields"] = rule["fields"]
        for pointer, fields in sheets.items():
            for name, field in fields.items():
                yield from (
                    (f"{pointer}/{name}/{part}", field[part]) for part in EXPRESSIONS if part in field
                )

    def _fields(self, pointer: str, fields: Mapping[str, Any], source: str) -> Iterator[Finding]:
        tables = self.data.get("tables", {})
        for name, field in fields.items():
            at = f"{pointer}/{name}" if self.layered.has(f"{pointer}/{name}") else f"/common/{name}"
            if "lookup" in field and field["lookup"] not in tables:
                said = f"no table {field['lookup']!r}{near(field['lookup'], tables)}"
                yield self._at(f"{at}/lookup", "TABLE_UNKNOWN", said)
                continue
            try:
                named_zone(field.get("date", {}).get("zone", "UTC"))
            except DocumentRefused as error:
                yield self._at(f"{at}/date/zone", error.code, error.message)
            yield from self._reads(at, field_source(field), source)

    def _reads(self, pointer: str, text: str, source: str) -> Iterator[Finding]:
        try:
            reads = compile_expression(with_let(text, self.data.get("let", {}))).reads()
        except ExpressionFailed as error:
            yield self._at(pointer, error.code, str(error))
            return
        for name in reads.get("bindings") or {}:
            if name not in BOUND:
                known = [*BOUND, *self.data.get("let", {})]
                yield self._at(pointer, "VARIABLE_UNKNOWN", f"${name} is not bound{near(name, known)}")
        tables = (reads.get("bindings") or {}).get("tables")
        for name in tables if isinstance(tables, dict) else ():
            if name not in self.data.get("tables", {}):
                said = f"no table {name!r}{near(name, self.data.get('tables', {}))}"
                yield self._at(pointer, "TABLE_UNKNOWN", said)
        schema = input_schema(source, self.layered.name, self.contracts)
        for said in unknown_paths(reads.get("input"), schema, self.contracts):
            yield self._at(pointer, "PATH_UNKNOWN", said)

    def _target(self, pointer: str, fields: Mapping[str, Any], kind: str) -> Iterator[Finding]:
        if kind not in self.contracts.schemas:
            known = near(kind, self.contracts.schemas)
            yield self._at("/target/schema", "SCHEMA_UNKNOWN", f"no schema {kind!r}{known}")
            return
        schema = self.contracts.schema(kind)
        for name in fields:
            if name not in schema["properties"]:
                said = f"{kind} has no field {name!r}{near(name, schema['properties'])}"
                yield self._key(f"{pointer}/{name}", "MAPPING_UNKNOWN_FIELD", said)
        for name in schema["required"]:
            if name not in fields:
                yield self._at(pointer, "MAP_REQUIRED", f"{kind} requires {name!r}, no field makes it")

    def _key(self, pointer: str, code: str, message: str) -> Finding:
        at = pointer if self.layered.has(pointer) else f"/common/{pointer.rpartition('/')[2]}"
        loaded, there = self.layered.origin(at)
        return self._finding(loaded, loaded.key_position(there), code, message)

    def _at(self, pointer: str, code: str, message: str) -> Finding:
        return _finding(self.home, self.layered.place(pointer), code, message)

    def _in(self, pointer: str, offset: int, code: str, message: str) -> Finding:
        loaded, there = self.layered.origin(pointer)
        return self._finding(loaded, loaded.locate(there, offset), code, message)

    def _finding(self, loaded: Loaded, at: Position, code: str, message: str) -> Finding:
        return Finding(str(loaded.file.relative_to(self.home)), at.line, at.column, code, message)
