"""What the addresses take and answer, in the words of OpenAPI: nothing is published, tests hold the program to it."""

from typing import Any

_CODE = {
    "type": "object",
    "properties": {"error": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$"}},
    "required": ["error"],
    "additionalProperties": False,
}
_THEIRS = {"type": ["object", "array", "string", "null"]}
_HEALTH = {
    "type": "object",
    "properties": {
        "ok": {"type": "boolean"},
        "events_waiting": {"type": "integer"},
        "error": {"type": "string"},
    },
    "required": ["ok"],
}
BODY = {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}}
"""Of a call; whatever it is, it is proven before it is read."""
Responses = dict[int | str, dict[str, Any]]


def _said(what: str, schema: Any, media_type: str = "application/json") -> dict[str, Any]:
    return {"description": what, "content": {media_type: {"schema": schema}}}


EVENT: Responses = {
    200: _said("stored, or heard before", {"type": "object"}),
    400: _said("genuine, and not to be read", _CODE),
    401: _said("nobody proved to be the vendor", _CODE),
    404: _said("there is no such connection, or it takes no events", _CODE),
    413: _said("too large", _CODE),
    503: _said("not stored: call again", _CODE),
}
ORDER: Responses = {
    404: _said("there is no such connection, or it orders nothing; or in the vendor's words", _THEIRS),
    413: _said("too large", _CODE),
    503: _said("not stored: call again", _CODE),
    "default": _said("in the words of the vendor's own contract", _THEIRS),
}
HEALTH: Responses = {200: _said("at work", _HEALTH), 503: _said("the ledger cannot be read", _HEALTH)}
METRICS: Responses = {
    status: _said(what, {"type": "string"}, "text/plain")
    for status, what in {
        200: "the ledger in numbers",
        401: "not for you",
        503: "the ledger cannot be read",
    }.items()
}
