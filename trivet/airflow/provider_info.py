"""The forms behind Admin, Connections: one connection type per installed connector, made from its config.

Airflow asks for this while it is itself being imported, in every process: nothing here imports airflow, and a
connector that cannot be described is left out with a warning, for an error would take every process down.
"""

import logging
from functools import cache
from typing import Any

from trivet import __version__
from trivet.connections import ENVIRONMENTS, PREFIX
from trivet.contract import Config
from trivet.registry import GROUPS, Declaration, find_connector, offered

log = logging.getLogger(__name__)

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


def get_provider_info() -> dict[str, Any]:
    """Trivet as an Airflow provider, in the form of Airflow's provider_info."""
    return {
        "package-name": "trivet",
        "name": "Trivet",
        "description": "Connections to HR systems, AI interview scorers and ERPs.",
        "versions": [__version__],
        "connection-types": [form for _, form, _ in _described()],
    }


def connection_type(name: str, title: str, config: type[Config]) -> dict[str, Any]:
    """The form of one connector: standard fields relabelled, the others below them, stored in extra."""
    schema = config.model_json_schema()
    settings: dict[str, Any] = schema.get("properties", {})
    standard = {field: settings[setting] for field, setting in config.standard_fields.items()}
    required = schema.get("required", [])
    return {
        "connection-type": PREFIX + name,
        "hook-name": f"Trivet {title}",
        "hook-class-name": f"trivet.airflow.hooks.{PREFIX}{name}",
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


@cache
def _described() -> tuple[tuple[str, dict[str, Any], type[Config]], ...]:
    """Name, form and config of every connector that can be imported, each name once."""
    found: dict[str, tuple[str, dict[str, Any], type[Config]]] = {}
    for kind, group in GROUPS.items():
        for name in offered(kind):
            try:
                declared: Declaration = find_connector(kind, name)
                if declared.name not in found:
                    form = connection_type(declared.name, declared.title, declared.config)
                    found[declared.name] = (declared.name, form, declared.config)
            # a stranger's connector may fail in any way, and must not take Airflow with it
            except Exception as error:  # noqa: BLE001
                log.warning("connector %s:%s has no connection form: %s", group, name, error)
    return tuple(found[name] for name in sorted(found))


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
