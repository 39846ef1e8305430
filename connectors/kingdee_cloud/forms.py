"""A form as JSON Schema, from QueryBusinessInfo.

The service is in the SDK; the names inside its answer are read tolerantly, for no document of the vendor lists them: a field
whose type or length is not told is text of any length.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from trivet.model import Document

REFERENCE = "FBillNo"
_KEPT = ("FID", "FDocumentStatus", "FModifyDate", "FCreateDate", "FModifierId", "FCreatorId", "FApproverId")
"""Fields that the system fills."""
# column types of the database below (SQL Server's numbers)
_TYPES = {
    48: "integer",
    52: "integer",
    56: "integer",
    127: "integer",
    59: "number",
    62: "number",
    106: "number",
}


def as_schema(form: str, told: Document, base_data: Sequence[str]) -> Document:
    """The form the way mappings see it: dates and base data are text, the bill number is the engine's own."""
    properties: Document = {}
    required: list[str] = []
    for field in _fields(told):
        name = str(field.get("Key") or "")
        if not name or name == REFERENCE:
            continue
        properties[name] = _described(field) if name not in base_data else {"type": "string"}
        if name in _KEPT:
            properties[name]["readOnly"] = True
        elif field.get("MustInput") in (1, True, "1", "true"):
            required.append(name)
    return {
        "title": form,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _fields(told: Document) -> Iterator[Document]:
    """The fields of the head: entries are tables of their own."""
    heads = told.get("Entrys")
    for entry in heads if isinstance(heads, list) else []:
        if isinstance(entry, dict) and entry.get("Key") in ("FBillHead", None):
            fields = entry.get("Fields")
            yield from (field for field in fields or [] if isinstance(field, dict))


def _described(field: Document) -> dict[str, Any]:
    described: dict[str, Any] = {"type": _TYPES.get(field.get("FieldType", 0), "string")}
    length = field.get("Length")
    if described["type"] == "string" and isinstance(length, int) and length > 0:
        described["maxLength"] = length
    return described
