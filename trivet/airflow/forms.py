"""The form behind Admin, Connections of one connector, made from its config."""

from typing import Any

from trivet.connections import ENVIRONMENTS, PREFIX
from trivet.registry import Declaration

STANDARD = ("host", "port", "login", "password", "schema")
# what Airflow's form understands of JSON Schema
UNDERSTOOD = (
    "type",
    "format",
    "enum",
    "minimum",
    "maximum",
    "pattern",
    "minLength",
    "maxLength",
    "items",
    "default",
)


def described(declared: Declaration) -> dict[str, Any]:
    """A `connection-type` of Airflow's provider_info: standard fields relabelled, the others below them, stored in extra."""
    config = declared.config
    schema = config.model_json_schema()
    settings: dict[str, Any] = schema.get("properties", {})
    standard = {field: settings[setting] for field, setting in config.standard_fields.items()}
    required = schema.get("required", [])
    return {
        "connection-type": PREFIX + declared.name,
        "hook-name": f"Trivet {declared.title}",
        "hook-class-name": f"trivet.airflow.hooks.{PREFIX}{declared.name}",
        "ui-field-behaviour": {
            "hidden-fields": [*(field for field in STANDARD if field not in standard), "extra"],
            "relabeling": {
                field: _label(setting, setting in required)
                for field, setting in config.standard_fields.items()
            },
            "placeholders": {field: _one_line(setting) for field, setting in standard.items()},
        },
        "conn-fields": {
            "environment": {
                "label": "Environment *",
                "description": "What lies behind it; a flow refuses connections of another environment.",
                "schema": {"type": "string", "enum": list(ENVIRONMENTS), "default": "sandbox"},
            },
            "region": {
                "label": "Region",
                "description": "Where it leads, such as CN or EU; `here` for what runs on this machine. Sites may demand it.",
                "schema": {"type": ["string", "null"], "default": None},
            },
        }
        | {
            setting: {
                "label": _label(setting, setting in required),
                "description": _one_line(described),
                "schema": _form_schema(described, schema.get("$defs", {})),
            }
            for setting, described in settings.items()
            if setting not in config.standard_fields.values()
        },
    }


def _form_schema(described: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """One setting's schema as the form understands it; `type` is always there, optional ones may be null."""
    variants = [_resolved(variant, definitions) for variant in described.get("anyOf", [])]
    optional = any(variant.get("type") == "null" for variant in variants) or "default" in described
    chosen = next((variant for variant in variants if variant.get("type") != "null"), {})
    merged = {**_resolved(described, definitions), **chosen}
    kept = {key: merged[key] for key in UNDERSTOOD if key in merged}
    kind = kept.get("type", "string")
    kept["type"] = [kind, "null"] if optional else kind
    if kept.get("format") not in (None, "password", "email", "date", "date-time", "time"):
        del kept["format"]  # `path`, `uri`: the form would refuse to draw them
    return kept


def _resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    return {**definitions[reference.rsplit("/", 1)[1]], **schema} if reference else schema


def _label(setting: str, required: bool) -> str:
    return setting.replace("_", " ").capitalize() + (" *" if required else "")


def _one_line(described: dict[str, Any]) -> str:
    return " ".join(str(described.get("description", "")).split())
