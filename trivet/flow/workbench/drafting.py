"""Writes a new mapping and its test where they belong."""

from pathlib import Path
from typing import Any

from trivet.documents import Contracts
from trivet.errors import ConfigError
from trivet.flow.workbench.describe import target_schema
from trivet.flow.workbench.preview import preview
from trivet.mapping import Library
from trivet.mapping.scaffold import Draft, draft, draft_test


def draft_mapping(
    home: Path, name: str, target: str, source: str, sample: Any, *, force: bool
) -> list[dict[str, Any]]:
    """One row a file written; `ConfigError` where the target is unknown, the name is bad or a file is there already."""
    contracts = Contracts.packaged()
    if not isinstance(sample, dict):
        raise ConfigError("the sample is not an object", code="INPUT_TYPE", cure="give one document")
    file = home / "mappings" / f"{name}.yaml"
    test = file.with_suffix(".test.yaml")
    if not file.resolve().is_relative_to((home / "mappings").resolve()) or "/" not in name:
        raise ConfigError(
            f"{name!r} is no name for a mapping",
            code="NAME",
            cure="<system>/<what>, e.g. successfactors/course",
        )
    for existing in (file, test):
        if existing.exists() and not force:
            raise ConfigError(
                "is there already", code="FILE_EXISTS", place=str(existing), cure="--force overwrites it"
            )
    new = Draft(name, source, *_target(home, target, contracts), sample)
    file.parent.mkdir(parents=True, exist_ok=True)
    text = draft(new)
    file.write_text(text, encoding="utf-8")
    shown = preview(Library(home, contracts), contracts, name, sample, "preview")
    problems = [(one["code"], one["field"].lstrip("/")) for one in shown["problems"]]
    made = shown["output"][0] if shown["output"] and not problems else None
    test.write_text(draft_test(new, made, problems), encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("  ")]
    matched = sum(not line.strip().startswith("#") for line in lines)
    return [
        {"file": str(file.relative_to(home)), "fields": len(lines), "matched": matched, "problems": problems},
        {"file": str(test.relative_to(home)), "fields": None, "matched": None, "problems": None},
    ]


def _target(home: Path, target: str, contracts: Contracts) -> tuple[dict[str, str], dict[str, Any]]:
    connector, dot, entity = target.partition(".")
    if dot:
        return {"connector": connector, "entity": entity}, target_schema(home, connector, entity)
    if target not in contracts.schemas:
        raise ConfigError(
            f"no canonical kind {target!r}",
            code="SCHEMA_UNKNOWN",
            cure=f"there are: {', '.join(sorted(contracts.schemas))}",
        )
    schema = contracts.schema(target)
    resolved = {key: contracts.resolved(value) for key, value in schema["properties"].items()}
    return {"schema": target}, {**schema, "properties": resolved}
