"""`trivet check`: everything in mappings/, flows included."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trivet.documents import Contracts
from trivet.documents.yaml_file import read_yaml
from trivet.errors import ConfigError
from trivet.flow.alerts.definition import alerts_file, problems
from trivet.flow.console.access_check import access_file, check_access
from trivet.flow.definition import flow_files
from trivet.flow.privacy.residency import load_rules
from trivet.flow.sites import european, forbidden, load_sites, site_files
from trivet.mapping.check import Finding, check_mappings, lints
from trivet.mapping.check.around import Around
from trivet.mapping.check.form import form, placed
from trivet.mapping.check.lists import check_list, list_files
from trivet.mapping.check.reads import reads_of, unknown
from trivet.mapping.check.spots import refused
from trivet.mapping.engine import ExpressionFailed, compile_expression
from trivet.mapping.files import mapping_files, names
from trivet.mapping.inputs import near


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found, in order of place."""

    files: int
    """Flow, mapping and rules files that were looked at."""
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """Findings that would fail or harm."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def warnings(self) -> int:
        """Findings that are legal and most likely not meant."""
        return len(self.findings) - self.errors

    def summary(self) -> str:
        """`2 errors, 1 warning in 23 files`."""
        said = [_number(self.errors, "error"), _number(self.warnings, "warning")]
        return f"{', '.join(part for part in said if part) or 'no findings'} in {_number(self.files, 'file') or '0 files'}"


def _number(count: int, word: str) -> str:
    return f"{count} {word}{'s' if count > 1 else ''}" if count else ""


def check_home(home: Path, paths: Sequence[Path] = ()) -> Checked:
    """Every finding; of these files and folders only, where any are given. `ConfigError` for a path that is none of ours."""
    contracts = Contracts.packaged()
    flows, mappings = flow_files(home), mapping_files(home)
    access = [file for file in [access_file(home)] if file]
    alerts = [file for file in (alerts_file(home),) if file.exists()]
    lists, sites = list_files(home), site_files(home)
    every = (*flows, *mappings, *alerts, *sites, *access, *lists)
    only = _chosen(home, paths, every) if paths else None
    known = set(names(home, mappings))
    found = [
        finding
        for file in flows
        if only is None or file in only
        for finding in _check_flow(home, file, contracts, known)
    ]
    for file in alerts:
        if only is None or file in only:
            found += _check_alerts(home, file, contracts, {flow.stem for flow in flows})
    found += check_mappings(home, contracts, only)
    for file in lists:
        if only is None or file in only:
            found += check_list(home, file, contracts)
    if only is None or any(file in only for file in sites):
        found += _check_sites(home, sites, contracts)
    for file in access:
        if only is None or file in only:
            found += check_access(home, file, contracts)
    looked_at = [file for file in every if only is None or file in only]
    return Checked(len(looked_at), tuple(sorted(found)))


def _chosen(home: Path, paths: Sequence[Path], known: Sequence[Path]) -> set[Path]:
    every = {*known, *(file.with_suffix(".test.yaml") for file in known)}
    every |= set((home / "mappings" / "tables").glob("*"))
    chosen: set[Path] = set()
    for path in paths:
        wanted = (path if path.is_absolute() else Path.cwd() / path).resolve()
        if not wanted.exists():
            wanted = (home / path).resolve()
        below = {file for file in every if file.resolve() == wanted or wanted in file.resolve().parents}
        if not below:
            raise ConfigError(
                "no file that `trivet check` knows", code="CONFIG_FILE", place=str(path),
                cure=f"name files or folders below {home / 'mappings'}",
            )  # fmt: skip
        chosen |= below
    return chosen


def _check_flow(home: Path, file: Path, contracts: Contracts, known: Collection[str]) -> Iterator[Finding]:
    loaded, found = form(home, file, "flow", contracts)
    yield from found
    if loaded is None:
        return
    for pointer, name in _named(loaded.data):
        if name not in known:
            said = f"no file mappings/{name}.yaml{near(name, known)}"
            yield placed(home, loaded, pointer, "MAPPING_MISSING", said)
    for name, region in _faces(loaded.data):
        said = f"{region} belongs to the EU or the EEA, where nobody's face is read"
        yield placed(home, loaded, f"/scoring/expression/regions/{name}", "EXPRESSION_EEA", said)
    for i, twice in _doubled(loaded.data):
        said = f"package {twice!r} is offered twice"
        yield placed(home, loaded, f"/assessment_orders/packages/{i}/id", "PACKAGE_DUPLICATE", said)
    for pointer, text, kinds in _conditions(loaded.data):
        sees = {"properties": {kind: contracts.schemas.get(kind, {}) for kind in kinds}}
        for offset, code, said in _condition(text, Around(sees, contracts)):
            at = loaded.locate(pointer, offset)
            yield Finding(str(file.relative_to(home)), at.line, at.column, code, said)


def _check_sites(home: Path, files: Sequence[Path], contracts: Contracts) -> Iterator[Finding]:
    """Each file by itself, then what they say together: a site inherits from another."""
    broken = False
    for file in files:
        _, found = form(home, file, "site", contracts)
        broken |= bool(found)
        yield from found
    if broken:
        return
    try:
        sites = load_sites(home)
        load_rules(home)
    except ConfigError as error:
        yield refused(home, Path(error.place or ""), error)
        return
    for file in files:
        said = forbidden(sites[file.stem])
        if said:
            yield placed(home, read_yaml(file), "/decisions/flow", "SITE_DECISIONS_EEA", said)


def _check_alerts(home: Path, file: Path, contracts: Contracts, flows: Collection[str]) -> Iterator[Finding]:
    loaded, found = form(home, file, "alerts", contracts)
    yield from found
    if loaded is None:
        return
    for pointer, said in problems(loaded.data):
        yield placed(home, loaded, pointer, "ALERTS_WRONG", said)
    for i, route in enumerate(loaded.data["routes"]):
        for k, name in enumerate(route.get("flows", ())):
            if name not in flows:
                said = f"no file mappings/flows/{name}.yaml{near(name, flows)}"
                yield placed(home, loaded, f"/routes/{i}/flows/{k}", "FLOW_UNKNOWN", said)


def _condition(text: str, around: Around) -> Iterator[lints.Said]:
    try:
        compile_expression(text)
        yield from ((0, code, said) for code, said in unknown(reads_of(text, around), around))
    except ExpressionFailed as error:
        yield error.start or 0, error.code, str(error)
        return
    yield from (*lints.lint(text, around), *lints.truth(text, around))


def _named(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if "scoring" in data:
        yield "/scoring/assessment", data["scoring"]["assessment"]
    yield from ((f"/rules/{i}", name) for i, name in enumerate(data.get("rules", [])))
    inflows = [("/source", data["source"])] if "source" in data else []
    inflows += [(f"/knows/{i}", entry) for i, entry in enumerate(data.get("knows", []))]
    for at, inflow in inflows:
        for stream, files in inflow["mappings"].items():
            yield from ((f"{at}/mappings/{stream}/{i}", name) for i, name in enumerate(files))
    for i, entry in enumerate(data.get("deliver", [])):
        for kind, route in entry["decisions"].items():
            yield f"/deliver/{i}/decisions/{kind}/mapping", route["mapping"]
    for back in ("write_back", "feedback"):
        if back in data:
            yield from (
                (f"/{back}/{part}", data[back][part]) for part in ("mapping", "report") if part in data[back]
            )
    orders = data.get("assessment_orders", {})
    yield from (
        (f"/assessment_orders/{n}", orders[n]) for n in ("mapping", "arrange", "publish") if n in orders
    )


def _faces(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each site, with its region, at which faces must not be looked at."""
    looking = (data.get("scoring") or {}).get("expression") or {}
    for name, region in looking.get("regions", {}).items():
        if european(region):
            yield name, region


def _doubled(data: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """Each package whose id an earlier one has."""
    seen: set[str] = set()
    for i, package in enumerate(data.get("assessment_orders", {}).get("packages", [])):
        if package["id"] in seen:
            yield i, package["id"]
        seen.add(package["id"])


def _conditions(data: dict[str, Any]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Each condition with its pointer and the documents that it sees."""
    for i, route in enumerate((data.get("scoring") or {}).get("routes", [])):
        if "when" in route:
            yield (
                f"/scoring/routes/{i}/when",
                route["when"],
                ("requisition", "application", "interview", "transcript"),
            )
    for i, entry in enumerate(data.get("deliver", [])):
        for kind, route in entry["decisions"].items():
            if "when" in route:
                at = f"/deliver/{i}/decisions/{kind}/when"
                yield at, route["when"], ("requisition", "application", "assessment", "person")
    if "when" in data.get("feedback", {}):
        yield "/feedback/when", data["feedback"]["when"], ("kind", "feedback", "application")
