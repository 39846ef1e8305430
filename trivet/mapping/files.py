"""Loads mapping and rules files of a deployment, each once."""

import hashlib
from collections.abc import Iterable
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Protocol

from trivet.documents import Contracts
from trivet.documents.canonical import canonical_json
from trivet.errors import ConfigError
from trivet.mapping.compile import with_let
from trivet.mapping.engine import Compiler, ExpressionFailed, Program, compile_expression
from trivet.mapping.layers import load_layered
from trivet.mapping.run import Mapping, Rule, Rules, Sheet
from trivet.mapping.tables import Table, load_tables

APART = frozenset(
    {"flows", "terms", "behaviours", "rubrics", "tables", "sites", "fixtures", "targets", "codes"}
)
"""Folders below mappings/ that hold other kinds of files."""


class _Places(Protocol):
    def place(self, pointer: str) -> str: ...

    def has(self, pointer: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class _StoredPlaces:
    version_id: str

    def place(self, pointer: str) -> str:
        return f"{self.version_id}{pointer}"

    def has(self, pointer: str) -> bool:
        del pointer
        return True


@dataclass(frozen=True, slots=True)
class FileVersion:
    """A mapping or rules file as it counts at one time: its layers laid over each other, its tables beside it."""

    id: str
    """`name@version#hash`"""
    name: str
    kind: str
    """`mapping` or `rules`."""
    data: Dictionary[str, Any]
    tables: Dictionary[str, Table]

    def content(self) -> dict[str, Any]:
        """All but the id, as JSON."""
        return {"name": self.name, "kind": self.kind, "data": self.data, "tables": self.tables}


@dataclass(slots=True)
class Library:
    """The mapping files below one home; a changed file is seen by the next library, never in the middle of a run.

    With `stored` these versions are used, whatever lies on the disk.
    """

    home: Path
    contracts: Contracts
    compiler: Compiler = compile_expression
    stored: Dictionary[str, FileVersion] | None = None
    _mappings: dict[str, Mapping] = field(default_factory=dict)
    _rules: dict[str, Rules] = field(default_factory=dict)
    _conditions: dict[str, Program] = field(default_factory=dict)
    _versions: dict[str, FileVersion] = field(default_factory=dict)

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
                self._conditions[condition] = self.compiler(condition)
            return self._conditions[condition].evaluate(given, {}, now) is True
        except ExpressionFailed as error:
            raise ConfigError(f"condition: {error}", code=error.code, place=place) from None

    def version(self, name: str) -> FileVersion:
        """The file as it counts now, of whichever kind it is."""
        if name not in self._versions:
            self._version(name, None)
        return self._versions[name]

    def used(self) -> dict[str, Any]:
        """The content of every file that was used so far, by version id."""
        return {version.id: version.content() for version in self._versions.values()}

    def _version(self, name: str, kind: str | None) -> tuple[FileVersion, _Places]:
        version, places = self._from_disk(name, kind) if self.stored is None else self._stored(name, kind)
        self._versions[name] = version
        return version, places

    def _from_disk(self, name: str, kind: str | None) -> tuple[FileVersion, _Places]:
        layered = load_layered(name, kind, self.file, self.contracts)
        tables = load_tables(self.home, layered.data.get("tables", {}), layered.place, self.contracts)
        return FileVersion(
            version_id(name, layered.data, tables), name, layered.kind, layered.data, tables
        ), layered

    def _stored(self, name: str, kind: str | None) -> tuple[FileVersion, _Places]:
        assert self.stored is not None
        known = self.stored.get(name)
        if known is None or (kind is not None and known.kind != kind):
            raise ConfigError(
                f"the applied release holds no {kind or 'file'} {name!r}", code="RELEASE_INCOMPLETE",
                cure="`trivet plan FLOW`, then `trivet apply`",
            )  # fmt: skip
        return known, _StoredPlaces(known.id)

    def _load_mapping(self, name: str) -> Mapping:
        version, places = self._version(name, "mapping")
        data = version.data
        sheet = self._sheet(version, places, "/fields", data["fields"], None)
        each = (
            self._program(places, "/each", with_let(data["each"], data.get("let", {})))
            if "each" in data
            else None
        )
        kind = data["target"].get("schema") or data["target"]["entity"]
        return Mapping(name, version.id, kind, sheet, each)

    def _load_rules(self, name: str) -> Rules:
        version, places = self._version(name, "rules")
        data = version.data
        rules = []
        for i, entry in enumerate(data["rules"]):
            fields = {**data.get("common", {}), **entry["fields"]}
            sheet = self._sheet(version, places, f"/rules/{i}/fields", fields, entry["when"])
            key = self._program(places, f"/rules/{i}/key", with_let(entry["key"], data.get("let", {})))
            rules.append(Rule(entry["name"], entry["decision"], sheet, key))
        return Rules(name, version.id, rules)

    def _sheet(
        self,
        version: FileVersion,
        where: _Places,
        pointer: str,
        fields: Dictionary[str, Any],
        when: str | None,
    ) -> Sheet:
        places = {"": where.place(pointer.rpartition("/")[0])}
        for name in fields:
            at = f"{pointer}/{name}"
            places[name] = where.place(at if where.has(at) else f"/common/{name}")
        try:
            return Sheet(fields, version.data.get("let", {}), when, version.tables, places, self.compiler)
        except ExpressionFailed as error:
            cure = "`trivet check` shows the line"
            raise ConfigError(str(error), code=error.code, place=places[""], cure=cure) from None

    def _program(self, where: _Places, pointer: str, source: str) -> Program:
        try:
            return self.compiler(source)
        except ExpressionFailed as error:
            raise ConfigError(str(error), code=error.code, place=where.place(pointer)) from None

    def file(self, name: str) -> Path:
        """Where the file of that name lies; `ConfigError` with the near miss where there is none."""
        file = self.home / "mappings" / f"{name}.yaml"
        known = [_name(self.home, f) for f in mapping_files(self.home)] if not file.is_file() else [name]
        if ".." in name.split("/") or name not in known:
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
    folder = home / "mappings"
    return sorted(
        file
        for file in folder.rglob("*.yaml")
        if not file.name.endswith(".test.yaml")
        and file.relative_to(folder).parts[0] not in APART
        # what lies at the top concerns the whole deployment (`alerts.yaml`)
        and file.parent != folder
    )


def version_id(name: str, data: Any, tables: Any) -> str:
    """`name@version#hash` over the file's content and its tables."""
    digest = hashlib.sha256(canonical_json({"file": data, "tables": tables})).hexdigest()[:8]
    return f"{name}@{data['metadata']['version']}#{digest}"


def names(home: Path, files: Iterable[Path]) -> list[str]:
    """The names under which a library knows these files."""
    return [_name(home, file) for file in files]


def _name(home: Path, file: Path) -> str:
    return file.relative_to(home / "mappings").with_suffix("").as_posix()
