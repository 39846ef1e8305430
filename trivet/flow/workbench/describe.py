"""What a target says it takes, as JSON Schemas that check, drafts and editors read: mappings/targets/<connector>/."""

import json
from pathlib import Path
from typing import Any

from trivet.contract import Describing, TargetConnector
from trivet.errors import ConfigError
from trivet.flow.hub import Hub
from trivet.model import Document

SUFFIX = ".schema.json"


def describe(hub: Hub, conn_id: str, *, write: bool) -> list[dict[str, Any]]:
    """One row an entity; with `write` the schemas are stored below mappings/targets/."""
    declaration, _ = hub.declared(TargetConnector, conn_id)
    with hub.built(TargetConnector, conn_id) as target:
        if not isinstance(target, Describing):
            raise ConfigError(
                f"connector {declaration.name} cannot say what its target takes", code="NOT_DESCRIBING",
                cure="write the entity's JSON Schema by hand below mappings/targets/",
            )  # fmt: skip
        described = target.describe()
    rows = []
    for entity, schema in sorted(described.items()):
        file = target_file(hub.settings.home, declaration.name, entity)
        if write:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(schema, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        rows.append(
            {
                "connector": declaration.name,
                "entity": entity,
                "properties": len(schema["properties"]),
                "required": schema["required"],
                "file": str(file.relative_to(hub.settings.home)) if write else None,
                "schema": schema,
            }
        )
    return rows


def target_file(home: Path, connector: str, entity: str) -> Path:
    """Where the description of an entity lies."""
    return home / "mappings" / "targets" / connector / f"{entity}{SUFFIX}"


def target_schema(home: Path, connector: str, entity: str) -> Document:
    """The stored description; `ConfigError` TARGET_UNKNOWN where there is none."""
    file = target_file(home, connector, entity)
    if not file.is_file():
        raise ConfigError(
            "no description of this entity", code="TARGET_UNKNOWN", place=str(file),
            cure="`trivet describe CONNECTION --write` asks the target",
        )  # fmt: skip
    schema: Document = json.loads(file.read_text(encoding="utf-8"))
    return schema
