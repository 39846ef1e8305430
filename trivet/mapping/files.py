"""Loads mapping, rules and table files of a deployment, each once."""

import csv
import hashlib
from collections.abc import Iterable
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from typing import Any

from trivet.documents import Contracts
from trivet.documents.canonical import canonical_json
from trivet.documents.yaml_file import Loaded, load_yaml, read_yaml
from trivet.errors import ConfigError
from trivet.mapping.compile import with_let
from trivet.mapping.engine import ExpressionFailed, Program, compile_expression
from trivet.mapping.run import Mapping, Rule, Rules, Sheet

Table = dict[str, dict[str, str]]


@dataclass(slots=True)
class Library:
    """The mapping files below one home; a changed file is seen by the next library, never in the middle of a run."""

    home: Path
    contracts: Contracts
    _mappings: dict[str, Mapping] = field(default_factory=dict)
    _rules: dict[str, Rules] = field(default_factory=dict)
    _conditions: dict[str, Program] = field(default_factory=dict)

    def mapping(self, name: str) -> Mapping:
        """The mapping of that name (`feishu_hire/candidate`); `ConfigError` with place and cure."""
        if name not in self._mappings:
            self._mappings[name] = self._load_mapping(name)
        return self._mappings[name]

    def rules(self, name: str) -> Rules:
        """The rules of that name (`rules/competencies`)."""
        if name not in self._rules:
            self._rules[name] = self._load_rules(name)
        return self._rules[name]

    def holds(self, condition: str | None, given: Any, now: datetime, place: str) -> bool:
        """Whether the JSONata condition holds; no condition always does."""
        if condition is None:
            return True
        try:
            if condition not in self._conditions:
                self._conditions[condition] = compile_expression(condition)
            return self._conditions[condition].evaluate(given, {}, now) is True
        except ExpressionFailed as error:
            raise ConfigError(f"condition: {error}", code=error.code, place=place) from None

    def _load_mapping(self, name: str) -> Mapping:
        loaded = load_yaml(self._file(name), "mapping", self.contracts)
        data = loaded.data
        tables = load_tables(self.home, data.get("tables", {}), loaded)
        sheet = make_sheet(loaded, "/fields", data["fields"], data.get("let", {}), None, tables)
        each = (
            compiled(loaded, "/each", with_let(data["each"], data.get("let", {}))) if "each" in data else None
        )
        kind = data["target"].get("schema") or data["target"]["entity"]
        return Mapping(name, version_id(name, data, tables), kind, sheet, each)

    def _load_rules(self, name: str) -> Rules:
        loaded = load_yaml(self._file(name), "rules", self.contracts)
        data = loaded.data
        tables = load_tables(self.home, data.get("tables", {}), loaded)
        let, common = data.get("let", {}), data.get("common", {})
        rules = []
        for i, entry in enumerate(data["rules"]):
            fields = {**common, **entry["fields"]}
            sheet = make_sheet(loaded, f"/rules/{i}/fields", fields, let, entry["when"], tables)
            key = compiled(loaded, f"/rules/{i}/key", with_let(entry["key"], let))
            rules.append(Rule(entry["name"], entry["decision"], sheet, key))
        return Rules(name, version_id(name, data, tables), rules)

    def _file(self, name: str) -> Path:
        file = self.home / "mappings" / f"{name}.yaml"
        if not file.is_file():
            known = [_name(self.home, f) for f in mapping_files(self.home)]
            near = get_close_matches(name, known, n=1)
            raise ConfigError(
                "no such file",
                code="MAPPING_MISSING",
                place=str(file),
                cure=f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}",
            )
        return file


def mapping_files(home: Path) -> list[Path]:
    """Every mapping and rules file, tests and other kinds left out."""
    apart = {"flows", "terms", "behaviours", "tables", "sites"}
    folder = home / "mappings"
    return sorted(
        file
        for file in folder.rglob("*.yaml")
        if not file.name.endswith(".test.yaml") and file.relative_to(folder).parts[0] not in apart
    )


def make_sheet(
    loaded: Loaded,
    pointer: str,
    fields: Dictionary[str, Any],
    let: Dictionary[str, str],
    when: str | None,
    tables: Dictionary[str, Table],
) -> Sheet:
    """The compiled fields; `ConfigError` names the field whose expression is not JSONata."""
    places = {"": loaded.place(pointer.rpartition("/")[0])}
    places |= {name: loaded.place(f"{pointer}/{name}") for name in fields}
    try:
        return Sheet(fields, let, when, tables, places)
    except ExpressionFailed as error:
        raise ConfigError(
            str(error), code=error.code, place=places[""], cure="`trivet check` shows the line"
        ) from None


def compiled(loaded: Loaded, pointer: str, source: str) -> Program:
    """The program; `ConfigError` names the place."""
    try:
        return compile_expression(source)
    except ExpressionFailed as error:
        raise ConfigError(str(error), code=error.code, place=loaded.place(pointer)) from None


def load_tables(home: Path, named: Dictionary[str, str], loaded: Loaded) -> dict[str, Table]:
    """The code tables by name: CSV, the first column is the key."""
    return {
        name: load_table(home / "mappings" / path, loaded.place(f"/tables/{name}"))
        for name, path in named.items()
    }


def load_table(file: Path, place: str) -> Table:
    """One table: rows by key, each row a column → text; a key that stands twice is refused."""
    if not file.is_file():
        raise ConfigError(
            f"no table {file}", code="TABLE_MISSING", place=place, cure="write it, or mend the path"
        )
    if file.suffix == ".yaml":
        return {str(key): dict(row) for key, row in read_yaml(file).data["rows"].items()}
    rows: Table = {}
    reader = csv.DictReader(StringIO(file.read_text(encoding="utf-8-sig")))
    key = (reader.fieldnames or [""])[0]
    for row in reader:
        if row[key] in rows:
            raise ConfigError(
                f"key {row[key]!r} stands twice", code="TABLE_DUPLICATE", place=f"{file}:{reader.line_num}"
            )
        rows[row[key]] = {name: value for name, value in row.items() if name and value != ""}
    return rows


def version_id(name: str, data: Any, tables: Any) -> str:
    """`name@version#hash` over the file's content and its tables."""
    digest = hashlib.sha256(canonical_json({"file": data, "tables": tables})).hexdigest()[:8]
    return f"{name}@{data['metadata']['version']}#{digest}"


def _name(home: Path, file: Path) -> str:
    return file.relative_to(home / "mappings").with_suffix("").as_posix()


def names(home: Path, files: Iterable[Path]) -> list[str]:
    """The names under which a library knows these files."""
    return [_name(home, file) for file in files]
