"""`trivet check`: everything in mappings/, flows included."""

from pathlib import Path

from trivet.documents import Contracts
from trivet.documents.yaml_file import complaints, read_yaml
from trivet.errors import ConfigError
from trivet.flow.definition import flow_files
from trivet.mapping.check import Finding, check_mappings
from trivet.mapping.engine import ExpressionFailed, compile_expression
from trivet.mapping.files import mapping_files, names


def check_home(home: Path) -> list[Finding]:
    """Every finding, flows first."""
    contracts = Contracts.packaged()
    known = set(names(home, mapping_files(home)))
    findings = [finding for file in flow_files(home) for finding in _check_flow(home, file, contracts, known)]
    return findings + check_mappings(home, contracts)


def _check_flow(home: Path, file: Path, contracts: Contracts, known: set[str]) -> list[Finding]:
    shown = str(file.relative_to(home))
    try:
        loaded = read_yaml(file)
    except ConfigError as error:
        return [Finding(shown, 1, 1, error.code, f"{error.place}: {error.message}")]
    findings = []
    for _, broken in complaints(loaded, "flow", contracts):
        at = loaded.position(broken.pointer)
        findings.append(Finding(shown, at.line, at.column, broken.code, f"{broken.pointer} {broken.message}"))
    if findings:
        return findings
    for pointer, name in _named(loaded.data):
        if name not in known:
            at = loaded.position(pointer)
            findings.append(
                Finding(shown, at.line, at.column, "MAPPING_MISSING", f"no file mappings/{name}.yaml")
            )
    for pointer, text in _conditions(loaded.data):
        try:
            compile_expression(text)
        except ExpressionFailed as error:
            at = loaded.position(pointer)
            findings.append(Finding(shown, at.line, at.column, error.code, str(error)))
    return findings


def _named(data: dict) -> list[tuple[str, str]]:  # type: ignore[type-arg]
    named = [("/scoring/assessment", data["scoring"]["assessment"])]
    named += [(f"/rules/{i}", name) for i, name in enumerate(data["rules"])]
    for stream, files in data["source"]["mappings"].items():
        named += [(f"/source/mappings/{stream}/{i}", name) for i, name in enumerate(files)]
    for i, entry in enumerate(data["deliver"]):
        named += [
            (f"/deliver/{i}/decisions/{kind}/mapping", r["mapping"]) for kind, r in entry["decisions"].items()
        ]
    if "write_back" in data:
        named.append(("/write_back/mapping", data["write_back"]["mapping"]))
    return named


def _conditions(data: dict) -> list[tuple[str, str]]:  # type: ignore[type-arg]
    found = [
        (f"/scoring/routes/{i}/when", r["when"])
        for i, r in enumerate(data["scoring"]["routes"])
        if "when" in r
    ]
    for i, entry in enumerate(data["deliver"]):
        found += [
            (f"/deliver/{i}/decisions/{k}/when", r["when"])
            for k, r in entry["decisions"].items()
            if "when" in r
        ]
    return found
