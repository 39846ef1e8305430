"""What an expression may read: the schema of its input, single or put together from several documents."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from trivet.documents import Contracts

Schema = Mapping[str, Any]
DECISIONS = ("training_recommendation", "performance_focus", "kpi_weight", "talent_pool_entry")
FEEDBACK = ("training_completion", "performance_result", "goal_progress")
"""Kinds of documents in which an ERP says what became of a person."""
_ANYTHING: Schema = {}
_TEXT: Schema = {"type": "string"}
_PACKAGE: Schema = {
    "properties": {"id": _TEXT, "name": {"properties": {"zh": _TEXT, "en": _TEXT}, "required": ["zh", "en"]}},
    "required": ["id", "name"],
}
_PERSON: Schema = {"properties": {"employee_number": {"type": "string", "pii": True}}}
_REPORT: Schema = {
    "properties": {
        "html": {"type": "string", "pii": True},
        "language": {"type": "string", "enum": ["zh", "en"]},
    }
}
"""What a mapping sees that a flow names under `write_back.report`."""


def input_schema(source: str, name: str, contracts: Contracts) -> Schema:
    """The input's schema; one that allows everything where the vendor's object is the input.

    A target mapping `<connector>/<decision>` reads that decision, any other one may read every kind's fields.
    """

    def of(kind: str) -> Schema:
        return contracts.schema(kind)

    decided = {
        "application": of("application"),
        "requisition": of("requisition"),
        "assessment": of("assessment"),
    }
    if source == "decision_input":
        return {"properties": {**decided, "report": _REPORT}}
    if source == "feedback_input":
        told = {name: said for kind in FEEDBACK for name, said in of(kind)["properties"].items()}
        shared = [
            name for name in of(FEEDBACK[0])["required"] if all(name in of(k)["required"] for k in FEEDBACK)
        ]
        return {
            "properties": {
                "kind": {"type": "string", "enum": list(FEEDBACK)},
                "application": of("application"),
                "feedback": {"properties": told, "required": shared},
            },
            "required": ["kind", "application", "feedback"],
        }
    if source == "order_input":
        ordered = {
            "order": of("assessment_order"),
            "addresses": {"properties": {"report": _TEXT, "candidate": _TEXT}},
        }
        return {"properties": {**ordered, **decided}, "required": ["order", "application", "addresses"]}
    if source == "packages_input":
        return {"properties": {"packages": {"type": "array", "items": _PACKAGE}}, "required": ["packages"]}
    if source == "scoring_answers":
        scored = {kind: of(kind) for kind in ("interview", "recording", "application", "requisition")}
        provenance = of("assessment")["properties"]["provenance"]
        return {"properties": {**scored, "provenance": provenance, "answers": _ANYTHING}}
    if source == "delivery_input":
        kind = name.rpartition("/")[2]
        kinds = [kind] if kind in DECISIONS else DECISIONS
        decision = {
            "properties": {key: value for each in kinds for key, value in of(each)["properties"].items()},
            "required": [
                key for key in of(kinds[0])["required"] if all(key in of(k)["required"] for k in kinds)
            ],
        }
        return {
            "properties": {**decided, "decision": decision, "person": _PERSON},
            "required": ["application", "assessment", "decision", "person"],
        }
    return contracts.schemas.get(source, _ANYTHING)


def unknown_paths(tree: Any, schema: Schema, contracts: Contracts, above: str = "") -> Iterator[str]:
    """Each path of a tree of reads that the schema does not know, with the near miss."""
    if not isinstance(tree, dict):
        return
    schema = contracts.resolved(schema)
    while isinstance(schema.get("items"), dict):
        schema = contracts.resolved(schema["items"])
    properties = schema.get("properties")
    if properties is None:
        return
    for name, below in tree.items():
        path = f"{above}.{name}" if above else name
        if name not in properties:
            yield f"the input has no {path}{near(name, properties)}"
        else:
            yield from unknown_paths(below, properties[name], contracts, path)


def near(name: str, known: Any) -> str:
    """`, did you mean …?` where a known name is near."""
    found = get_close_matches(name, list(known), n=1)
    return f", did you mean {found[0]!r}?" if found else ""
