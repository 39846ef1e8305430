"""A document fit to be shown: what its schema marks `pii: true`, and what no schema describes, is masked."""

from typing import Any

from trivet.documents.contracts import Contracts

MASK = "•••"


def redact(contracts: Contracts, kind: str, document: Any) -> Any:
    """A copy with every personal value masked; keys and shape stay, so that a person can still find the place."""
    return _redacted(contracts, contracts.schema(kind), document)


def pseudonymous(contracts: Contracts, kind: str, document: Any) -> Any:
    """The same with every id masked as well: a vendor's id leads to the person as her name does."""
    return _without_ids(redact(contracts, kind, document))


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: MASK
            if inner is not None and (name == "id" or name.endswith("_id"))
            else _without_ids(inner)
            for name, inner in value.items()
        }
    return [_without_ids(inner) for inner in value] if isinstance(value, list) else value


def _redacted(contracts: Contracts, schema: dict[str, Any], value: Any) -> Any:
    schema = contracts.resolved(schema)
    if schema.get("pii") is True:
        return masked(value)
    if isinstance(value, dict):
        known = schema.get("properties", {})
        rest = schema.get("additionalProperties")
        return {
            name: _redacted(contracts, known.get(name, rest), inner)
            # a field that no schema describes may hold anything
            if isinstance(known.get(name, rest), dict)
            else masked(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        items = schema.get("items")
        return [_redacted(contracts, items, v) if isinstance(items, dict) else masked(v) for v in value]
    return value


def masked(value: Any) -> Any:
    """Names and shape, no value but yes, no and nothing."""
    if isinstance(value, dict):
        return {name: masked(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return value if value is None or isinstance(value, bool) else MASK
