"""Finds what is wrong in mapping and rules files before they run: every finding with file, line, column, code and cure."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from trivet.documents import Contracts
from trivet.documents.yaml_file import Loaded, complaints, read_yaml
from trivet.errors import ConfigError
from trivet.mapping.compile import field_source, with_let
from trivet.mapping.engine import ExpressionFailed, JlensProgram, compile_expression
from trivet.mapping.files import load_table, mapping_files

BOUND = {"system", "item", "rule", "tables", "half_up", "local_date", "days_after"}
# inputs that are put together from several documents
COMPOSED: Mapping[str, Mapping[str, str | None]] = {
    "decision_input": {"application": "application", "requisition": "requisition", "assessment": "assessment"},
    "scoring_answers": {
        "interview": "interview", "recording": "recording", "application": "application", "requisition": "requisition",
        "answers": None, "provenance": None,
    },
    "delivery_input": {
        "decision": None, "person": None, "application": "application", "requisition": "requisition",
        "assessment": "assessment",
    },
}  # fmt: skip


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
            findings += _schema(home, test, "mapping_test", contracts)[1]
        else:
            findings.append(_at(home, file, 1, 1, "TEST_MISSING", f"no {test.name} beside it"))
    return findings


def check_file(home: Path, file: Path, contracts: Contracts) -> list[Finding]:
    """Every finding in one mapping or rules file."""
    loaded, findings = _schema(home, file, None, contracts)
    if loaded is None or findings:
        return findings
    data = loaded.data
    name = file.relative_to(home / "mappings").with_suffix("").as_posix()
    if data["metadata"]["name"] != name:
        said = f"metadata.name is {data['metadata']['name']!r}, the file is {name!r}"
        findings.append(_in(home, loaded, "/metadata/name", "NAME", said))
    findings += _tables(home, loaded)
    if data["kind"] == "Rules":
        for i, rule in enumerate(data["rules"]):
            at, fields = f"/rules/{i}", {**data.get("common", {}), **rule["fields"]}
            findings += _fields(home, loaded, f"{at}/fields", fields, "decision_input", contracts)
            for part in ("when", "key"):
                findings += _expression(home, loaded, f"{at}/{part}", rule[part], "decision_input", contracts)
            findings += _target(home, loaded, f"{at}/fields", fields, rule["decision"], contracts)
        return findings
    source = data["source"]["schema"]
    findings += _fields(home, loaded, "/fields", data["fields"], source, contracts)
    if "schema" in data["target"]:
        findings += _target(home, loaded, "/fields", data["fields"], data["target"]["schema"], contracts)
    return findings


def _schema(
    home: Path, file: Path, kind: str | None, contracts: Contracts
) -> tuple[Loaded | None, list[Finding]]:
    try:
        loaded = read_yaml(file)
    except ConfigError as error:
        place = (error.place or str(file)).removeprefix(str(file)).strip(":").split(":")
        line, column = (int(p) if p.isdigit() else 1 for p in ([*place, "1", "1"])[:2])
        return None, [_at(home, file, line, column, error.code, error.message)]
    said = loaded.data.get("kind") if isinstance(loaded.data, dict) else None
    kind = kind or {"Rules": "rules"}.get(str(said), "mapping")
    return loaded, [
        _in(home, loaded, v.pointer, v.code, f"{v.pointer or 'the file'} {v.message}")
        for _, v in complaints(loaded, kind, contracts)
    ]


def _tables(home: Path, loaded: Loaded) -> Iterator[Finding]:
    tables = loaded.data.get("tables", {})
    for name, path in tables.items():
        try:
            load_table(home / "mappings" / path, loaded.place(f"/tables/{name}"))
        except ConfigError as error:
            yield _in(home, loaded, f"/tables/{name}", error.code, error.message)
        if f"tables.{name}" not in loaded.text and f"lookup: {name}" not in loaded.text:
            yield _in(home, loaded, f"/tables/{name}", "TABLE_UNUSED", f"table {name!r} is not used")


def _fields(
    home: Path, loaded: Loaded, pointer: str, fields: Mapping[str, Any], source: str, contracts: Contracts
) -> Iterator[Finding]:
    tables = loaded.data.get("tables", {})
    for name, field in fields.items():
        at = f"{pointer}/{name}" if f"{pointer}/{name}" in loaded.positions else f"/common/{name}"
        if "lookup" in field and field["lookup"] not in tables:
            yield _in(
                home,
                loaded,
                at,
                "TABLE_UNKNOWN",
                f"no table {field['lookup']!r}{_near(field['lookup'], tables)}",
            )
        yield from _expression(home, loaded, at, field_source(field), source, contracts)


def _expression(
    home: Path, loaded: Loaded, pointer: str, text: str, source: str, contracts: Contracts
) -> Iterator[Finding]:
    let = loaded.data.get("let", {})
    try:
        program = compile_expression(with_let(text, let))
    except ExpressionFailed as error:
        yield _in(home, loaded, pointer, error.code, str(error))
        return
    yield from _reads(home, loaded, pointer, program, source, contracts)


def _reads(
    home: Path, loaded: Loaded, pointer: str, program: JlensProgram, source: str, contracts: Contracts
) -> Iterator[Finding]:
    reads = program.reads()
    for name in reads.get("bindings") or {}:
        if name not in BOUND:
            yield _in(
                home,
                loaded,
                pointer,
                "VARIABLE_UNKNOWN",
                f"${name} is not bound{_near(name, [*BOUND, *loaded.data.get('let', {})])}",
            )
    tree = reads.get("input")
    if not isinstance(tree, dict):
        return
    if source in contracts.schemas:
        yield from _paths(home, loaded, pointer, tree, contracts.schemas[source], "", contracts)
    for name, below in tree.items() if source in COMPOSED else ():
        known = COMPOSED[source]
        if name not in known:
            yield _in(home, loaded, pointer, "PATH_UNKNOWN", f"the input has no {name!r}{_near(name, known)}")
        elif known[name] and isinstance(below, dict):
            yield from _paths(
                home, loaded, pointer, below, contracts.schemas[str(known[name])], name, contracts
            )


def _paths(
    home: Path,
    loaded: Loaded,
    pointer: str,
    tree: Mapping[str, Any],
    schema: Mapping[str, Any],
    above: str,
    contracts: Contracts,
) -> Iterator[Finding]:
    schema = _resolved(schema, contracts)
    properties = schema.get("properties")
    if properties is None:
        return
    for name, below in tree.items():
        if name not in properties:
            where = f"{above}.{name}" if above else name
            yield _in(
                home, loaded, pointer, "PATH_UNKNOWN", f"the input has no {where}{_near(name, properties)}"
            )
        elif isinstance(below, dict):
            yield from _paths(home, loaded, pointer, below, properties[name], f"{above}.{name}", contracts)


def _resolved(schema: Mapping[str, Any], contracts: Contracts) -> Mapping[str, Any]:
    while "$ref" in schema or "items" in schema:
        if "items" in schema:
            schema = schema["items"]
            continue
        file, _, path = str(schema["$ref"]).partition("#/$defs/")
        schema = contracts.schemas[file.removesuffix(".schema.json")]["$defs"][path]
    return schema


def _target(
    home: Path, loaded: Loaded, pointer: str, fields: Mapping[str, Any], kind: str, contracts: Contracts
) -> Iterator[Finding]:
    schema = contracts.schema(kind)
    properties = schema["properties"]
    for name in fields:
        if name not in properties:
            at = f"{pointer}/{name}"
            yield _in(
                home,
                loaded,
                at,
                "MAPPING_UNKNOWN_FIELD",
                f"{kind} has no field {name!r}{_near(name, properties)}",
            )
    for name in schema["required"]:
        if name not in fields:
            yield _in(home, loaded, pointer, "MAP_REQUIRED", f"{kind} requires {name!r}, no field makes it")


def _near(name: str, known: Any) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f", did you mean {near[0]!r}?" if near else ""


def _in(home: Path, loaded: Loaded, pointer: str, code: str, message: str) -> Finding:
    at = loaded.position(pointer)
    return _at(home, loaded.file, at.line, at.column, code, message)


def _at(home: Path, file: Path, line: int, column: int, code: str, message: str) -> Finding:
    return Finding(str(file.relative_to(home)), line, column, code, message)
