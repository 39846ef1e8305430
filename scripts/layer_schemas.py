"""The schemas of layers (mapping_layer, rules_layer), made from those of whole files: equal parts cannot drift apart."""

import json
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).parents[1] / "schemas"
Schema = dict[str, Any]


def files() -> dict[str, str]:
    """Path and text of each."""
    made = {"mapping": _mapping(), "rules": _rules()}
    return {
        f"schemas/{kind}_layer.schema.json": json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
        for kind, schema in made.items()
    }


def _mapping() -> Schema:
    whole = _whole("mapping")
    of = whole["properties"]
    said = "A branch's changes to another mapping: what it names replaces what stands there, null takes it away, the rest stays."
    return _layer(
        whole, "Mapping layer", said, {"target": of["target"], "each": of["each"], "fields": _fields()}
    )


def _rules() -> Schema:
    whole = _whole("rules")
    rule = whole["properties"]["rules"]["items"]["properties"]
    changed = {
        "name": {"type": "string", "description": "The rule to change, or a new one's name."},
        "off": {"const": True, "description": "Takes the rule away."},
        **{name: rule[name] for name in ("decision", "when", "key")},
        "fields": _fields(),
    }
    rules = {
        "type": "array",
        "description": "Rules to change or to add.",
        "items": {
            "type": "object",
            "properties": changed,
            "required": ["name"],
            "additionalProperties": False,
        },
    }
    said = "A branch's changes to another rules file: rules are found by their name."
    return _layer(whole, "Rules layer", said, {"common": _fields(), "rules": rules})


def _whole(kind: str) -> Schema:
    made: Schema = json.loads((SCHEMAS / f"{kind}.schema.json").read_text(encoding="utf-8"))
    return made


def _layer(whole: Schema, title: str, description: str, changes: Schema) -> Schema:
    head = {name: whole["properties"][name] for name in ("apiVersion", "kind", "metadata")}
    below = {
        "type": "string",
        "minLength": 1,
        "description": "The file that this one changes: its path below mappings/, without .yaml.",
    }
    texts = {"type": "object", "additionalProperties": {"type": ["string", "null"]}}
    return {
        "$schema": whole["$schema"],
        "$id": whole["$id"].replace(".schema.json", "_layer.schema.json"),
        "title": title,
        "description": description,
        "type": "object",
        "properties": {
            **head,
            "extends": below,
            "tables": {
                **texts,
                "description": "Code tables by name: path below mappings/; null takes one away.",
            },
            "let": {**texts, "description": "Named values; null takes one away."},
            **changes,
        },
        "required": ["apiVersion", "kind", "metadata", "extends"],
        "additionalProperties": False,
        "$defs": whole["$defs"],
    }


def _fields() -> Schema:
    said = "Fields to replace as a whole, to add, or with null to take away."
    anything = {"anyOf": [{"$ref": "#/$defs/field"}, {"type": "null"}]}
    return {"type": "object", "description": said, "additionalProperties": anything}
