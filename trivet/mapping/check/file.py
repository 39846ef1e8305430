"""One mapping or rules file, or all of them: structure, tables, syntax, and which expression meets which schema."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trivet.documents import Contracts
from trivet.documents.yaml_file import Loaded, Position, complaints, read_yaml
from trivet.errors import ConfigError, DocumentRefused
from trivet.mapping.check import lints, target
from trivet.mapping.check.codes import check_codes
from trivet.mapping.check.finding import Finding
from trivet.mapping.check.lints import Around
from trivet.mapping.check.reads import Reader
from trivet.mapping.compile import field_source
from trivet.mapping.engine import ExpressionFailed, compile_expression
from trivet.mapping.expressions import expressions_of
from trivet.mapping.files import Library, mapping_files, names
from trivet.mapping.functions import named_zone
from trivet.mapping.inputs import input_schema, near
from trivet.mapping.layers import Layered, broken, compose, escaped
from trivet.mapping.tables import load_table

_HEAD = re.compile(r"#\s*yaml-language-server:\s*\$schema=(\S*)")
Field = Mapping[str, Any]


def check_mappings(home: Path, contracts: Contracts, only: Collection[Path] | None = None) -> list[Finding]:
    """Every finding in the mapping and rules files, their tests and the code lists; in `only` these files, if given."""
    findings: set[Finding] = set()  # what is wrong below a layer is told once
    for file in mapping_files(home):
        test = file.with_suffix(".test.yaml")
        if only is None or file in only:
            findings.update(check_file(home, file, contracts))
            if not test.exists():
                said = f"no {test.name} beside it"
                findings.add(Finding(str(file.relative_to(home)), 1, 1, "TEST_MISSING", said))
        if test.exists() and (only is None or test in only):
            findings.update(_test_file(home, test, contracts))
    findings.update(f for f in check_codes(home) if only is None or home / f.file in only)
    return sorted(findings)


def check_file(home: Path, file: Path, contracts: Contracts) -> list[Finding]:
    """Every finding in one mapping or rules file, and in what it extends."""
    library = Library(home, contracts)
    (name,) = names(home, [file])
    try:
        layered = compose(name, library.file)
    except ConfigError as error:
        return [refused(home, file, error)]
    findings = [
        _finding(home, place, v.code, f"{v.pointer or 'the file'} {v.message}")
        for place, v in broken(layered, layered.kind, contracts)
    ]
    first = list(head(home, layered.layers[0], layered.kind + "_layer" * (len(layered.layers) > 1)))
    return (findings or sorted(set(_Check(home, layered, contracts).meaning()))) + first


def _test_file(home: Path, test: Path, contracts: Contracts) -> list[Finding]:
    try:
        loaded = read_yaml(test)
    except ConfigError as error:
        return [refused(home, test, error)]
    found = [
        _finding(home, place, v.code, f"{v.pointer or 'the file'} {v.message}")
        for place, v in complaints(loaded, "mapping_test", contracts)
    ]
    return found + list(head(home, loaded, "mapping_test"))


def head(home: Path, loaded: Loaded, kind: str) -> Iterator[Finding]:
    """Editors read the first line: a wrong schema there marks right files as wrong."""
    said = _HEAD.match(loaded.text)
    if said and said[1].rpartition("/")[2] != f"{kind}.schema.json":
        message = f"editors would judge this file by {said[1] or 'nothing'}: it is for {kind}.schema.json"
        shown = str(loaded.file.relative_to(home))
        yield Finding(shown, 1, said.start(1) + 1, "EDITOR_HEAD", message)


def refused(home: Path, file: Path, error: ConfigError) -> Finding:
    """A file that cannot be read at all, as a finding at the place that the error names."""
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
            yield from self._rules()
        else:
            yield from self._mapping()

    def _rules(self) -> Iterator[Finding]:
        data = self.data
        for i, rule in enumerate(data["rules"]):
            fields = {**data.get("common", {}), **rule["fields"]}
            schema = self.contracts.schemas.get(rule["decision"])
            yield from self._fields(f"/rules/{i}/fields", fields, "decision_input", schema)
            for part in ("when", "key"):
                yield from self._expression(f"/rules/{i}/{part}", rule[part], "decision_input")
            yield from self._canonical(f"/rules/{i}/fields", fields, rule["decision"])

    def _mapping(self) -> Iterator[Finding]:
        data = self.data
        source, to = data["source"]["schema"], data["target"]
        if "each" in data:
            yield from self._expression("/each", data["each"], source)
        if "schema" in to:
            schema = self.contracts.schemas.get(to["schema"])
            yield from self._fields("/fields", data["fields"], source, schema)
            yield from self._canonical("/fields", data["fields"], to["schema"])
            return
        described = target.described(self.home, to["connector"], to["entity"])
        yield from self._fields("/fields", data["fields"], source, described)
        if described is not None:
            yield from self._described(data["fields"], described, to["entity"], source)

    def _tables(self) -> Iterator[Finding]:
        for name, path in self.data.get("tables", {}).items():
            try:
                load_table(self.home, path, "", self.contracts)
            except ConfigError as error:
                yield self._at(f"/tables/{escaped(name)}", error.code, str(error.message))
            used = (f"tables.{name}", f"tables.`{name}`", f"lookup: {name}")
            if not any(word in self.layered.text for word in used):
                yield self._at(f"/tables/{escaped(name)}", "TABLE_UNUSED", f"table {name!r} is not used")

    def _syntax(self) -> Iterator[Finding]:
        """Each expression by itself, so that an offset is a place in the file."""
        for pointer, text in expressions_of(self.data):
            try:
                uses_eval = compile_expression(text).uses_eval()
            except ExpressionFailed as error:
                yield self._in(pointer, error.start or 0, error.code, str(error))
                continue
            if uses_eval:
                yield self._in(pointer, max(0, text.find("$eval")), "EXPR_FORBIDDEN", "$eval is switched off")

    def _fields(
        self, pointer: str, fields: Mapping[str, Field], source: str, schema: Mapping[str, Any] | None
    ) -> Iterator[Finding]:
        tables = self.data.get("tables", {})
        for name, field in fields.items():
            at = self._own(f"{pointer}/{escaped(name)}")
            if "lookup" in field and field["lookup"] not in tables:
                said = f"no table {field['lookup']!r}{near(field['lookup'], tables)}"
                yield self._at(f"{at}/lookup", "TABLE_UNKNOWN", said)
                continue
            try:
                named_zone(field.get("date", {}).get("zone", "UTC"))
            except DocumentRefused as error:
                yield self._at(f"{at}/date/zone", error.code, error.message)
            yield from self._field(at, field, source, target.of_field(schema or {}, name, self.contracts))

    def _field(self, at: str, field: Field, source: str, takes: Any) -> Iterator[Finding]:
        reader, around = self._reader(source), self._around(source)
        try:
            for code, said in reader.judge(field_source(field)):
                yield self._at(at, code, said)
            personal = reader.personal(field_source({k: v for k, v in field.items() if k != "when"}))
        except ExpressionFailed as error:
            yield self._at(at, error.code, str(error))
            return
        for part in ("from", "expr", "when"):
            for offset, code, said in lints.lint(field[part], around) if part in field else ():
                yield self._in(f"{at}/{part}", offset, code, said)
        if "when" in field:
            for offset, code, said in lints.truth(field["when"], around):
                yield self._in(f"{at}/when", offset, code, said)
        for part, (offset, code, said) in lints.lint_field(field, around, takes):
            yield self._in(f"{at}/{part}", offset, code, said)
        mark = takes.schema.get("pii") if takes else None
        if personal and (mark is False or not (mark or field.get("pii"))):
            cure = (
                "the target's field must not hold any"
                if mark is False
                else "say `pii: true`, or leave it out"
            )
            yield self._key(at, "PII_FLOW", f"carries personal data ({', '.join(personal)}): {cure}")

    def _expression(self, pointer: str, text: str, source: str) -> Iterator[Finding]:
        try:
            for code, said in self._reader(source).judge(text):
                yield self._at(pointer, code, said)
        except ExpressionFailed as error:
            yield self._at(pointer, error.code, str(error))
            return
        around = self._around(source)
        doubts = [
            *lints.lint(text, around),
            *(lints.truth(text, around) if pointer.endswith("/when") else ()),
        ]
        for offset, code, said in doubts:
            yield self._in(pointer, offset, code, said)

    def _canonical(self, pointer: str, fields: Mapping[str, Field], kind: str) -> Iterator[Finding]:
        if kind not in self.contracts.schemas:
            known = near(kind, self.contracts.schemas)
            yield self._at("/target/schema", "SCHEMA_UNKNOWN", f"no schema {kind!r}{known}")
            return
        schema = self.contracts.schema(kind)
        for name in fields:
            if name not in schema["properties"]:
                said = f"{kind} has no field {name!r}{near(name, schema['properties'])}"
                yield self._key(self._own(f"{pointer}/{escaped(name)}"), "MAPPING_UNKNOWN_FIELD", said)
        yield from self._missing(pointer, fields, schema, kind)

    def _described(
        self, fields: Mapping[str, Field], schema: Mapping[str, Any], entity: str, source: str
    ) -> Iterator[Finding]:
        around = self._around(source)
        for name, field in fields.items():
            at = f"/fields/{escaped(name)}"
            for part, code, said in target.check_field(name, field, schema, entity, around):
                yield self._at(f"{at}/{part}", code, said) if part else self._key(at, code, said)
        yield from self._missing("/fields", fields, schema, entity)

    def _missing(
        self, pointer: str, fields: Mapping[str, Field], schema: Mapping[str, Any], kind: str
    ) -> Iterator[Finding]:
        for name in schema.get("required", ()):
            if name not in fields:
                yield self._at(pointer, "MAP_REQUIRED", f"{kind} requires {name!r}, no field makes it")

    def _reader(self, source: str) -> Reader:
        data = self.data
        return Reader(self._input(source), data.get("let", {}), data.get("tables", {}), self.contracts)

    def _around(self, source: str) -> Around:
        return Around(self._input(source), self.data.get("let", {}), self.contracts)

    def _input(self, source: str) -> Mapping[str, Any]:
        return input_schema(source, self.layered.name, self.contracts)

    def _own(self, pointer: str) -> str:
        """The pointer, or that of the same field in `common`."""
        return pointer if self.layered.has(pointer) else f"/common/{pointer.rpartition('/')[2]}"

    def _key(self, pointer: str, code: str, message: str) -> Finding:
        loaded, there = self.layered.origin(pointer)
        return self._place(loaded, loaded.key_position(there), code, message)

    def _at(self, pointer: str, code: str, message: str) -> Finding:
        return _finding(self.home, self.layered.place(pointer), code, message)

    def _in(self, pointer: str, offset: int, code: str, message: str) -> Finding:
        loaded, there = self.layered.origin(pointer)
        return self._place(loaded, loaded.locate(there, offset), code, message)

    def _place(self, loaded: Loaded, at: Position, code: str, message: str) -> Finding:
        return Finding(str(loaded.file.relative_to(self.home)), at.line, at.column, code, message)
