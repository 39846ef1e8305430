"""Why a delivery was made: the rule, the values it compared, the table rows, the versions, from the very input it saw."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from trivet.delivery import report as delivered
from trivet.delivery.report import Delivery
from trivet.errors import LedgerError, TrivetError
from trivet.flow.hub import Hub, stored_library
from trivet.ledger import archive_file, documents, gates, inputs, operations, releases
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import operation
from trivet.mapping import Library
from trivet.model import Document

Row = dict[str, Any]


def explain(hub: Hub, which: str) -> Row:
    """Everything that led to one operation (its id, key or reference); this opens sealed personal data."""
    with hub.ledger.read() as tx, archive_file.transactions(hub.ledger, hub.settings.archive) as older:
        delivery = _find(tx, which, older)
        entry = delivery.operation
        gate = gates.get(tx, [entry.id]).get(entry.id)
        given = inputs.of_operations(tx, [entry.id]).get(entry.id)
        decision = delivery.decision or {}
        versions = releases.contents(tx, [v for v in (decision.get("rules"), entry.mapping_version) if v])
        known = documents.by_subject(tx, entry.tenant, [entry.subject_ref or ""], "candidate")
    told: Row = {
        "delivery": _delivery(delivery),
        "person": {
            "subject_ref": entry.subject_ref,
            "candidate_id": known[0].id if known else None,
            "name": known[0].document.get("name") if known else "(erased)",
        },
        "decision": decision,
        "document": delivery.document,
        "rule": None,
        "mapping": {"version": entry.mapping_version, "fields": []},
        "assessment": _assessment(given, decision),
        "approval": asdict(gate) if gate else None,
        "steps": [asdict(step) for step in delivery.steps],
        "notes": [],
    }
    if given is None:
        told["notes"].append("the input that it was made from is erased, or was not kept")
        return told
    library = stored_library(hub.library, versions)
    at = datetime.fromisoformat(entry.created_at)
    try:
        if decision.get("rules"):
            told["rule"] = _rule(library, decision, given, at)
        told["mapping"]["fields"] = _fields(library, entry.mapping_version, decision, delivery, given, at)
    except TrivetError as error:
        told["notes"].append(f"cannot be recomputed: {error}")
    return told


def _find(tx: Transaction, which: str, older: Sequence[Transaction]) -> Delivery:
    found = delivered.delivery(tx, which, older)
    if found is None:
        same = operations.find(tx, (operation.c.reference == which) | (operation.c.key == which))
        newest = max(same, key=lambda entry: entry.revision, default=None)
        found = delivered.delivery(tx, newest.id, older) if newest else None
    if found is None:
        raise LedgerError(
            f"no delivery is known as {which!r}", code="DELIVERY_UNKNOWN",
            cure="use the reference that `trivet deliveries` or `trivet person` shows",
        )  # fmt: skip
    return found


def _delivery(delivery: Delivery) -> Row:
    entry = delivery.operation
    names = (
        "id", "key", "reference", "revision", "target", "entity", "kind", "state", "remote_id", "batch_id", "created_at",
        "sent_at", "verified_at", "due_at", "error_code", "error_field", "error_text",
    )  # fmt: skip
    return {name: getattr(entry, name) for name in names}


def _assessment(given: Document | None, decision: Document) -> Row | None:
    assessment = (given or {}).get("assessment")
    if not assessment:
        return None
    wanted = decision.get("competency")
    scores = assessment.get("competency_scores", [])
    return {
        "id": assessment["id"],
        "scored_at": assessment.get("scored_at"),
        "scorers": assessment.get("provenance", []),
        "score": next((one for one in scores if one["competency"] == wanted), None),
    }


def _rule(library: Library, decision: Document, given: Document, at: datetime) -> Row:
    name = decision["rules"].partition("@")[0]
    rules = library.rules(name)
    (rule,) = (one for one in rules.rules if one.name == decision["rule"])
    told = rule.sheet.reasons(given, {"rule": rule.name}, at)
    return {
        "file": name,
        "version": rules.version_id,
        "name": rule.name,
        "when": rule.sheet.when,
        "compared": [asdict(reason) for reason in told.get("", [])],
        "looked_up": [
            {"field": field, **asdict(reason)}
            for field, reasons in told.items()
            for reason in reasons
            if field and "$lookup" in reason.said
        ],
        "holds_again": any(made.rule == rule.name for made in rules.decide(given, at)[0]),
    }


def _fields(
    library: Library, version: str, decision: Document, delivery: Delivery, given: Document, at: datetime
) -> list[Row]:
    sheet = library.mapping(version.partition("@")[0]).sheet
    told = sheet.reasons({**given, "decision": decision}, {}, at)
    document = delivery.document or {}
    return [
        {
            "field": name,
            "value": document.get(name),
            "from": spec.get("from") or spec.get("expr") or "constant",
            "because": [asdict(reason) for reason in told.get(name, [])],
        }
        for name, spec in sheet.fields.items()
        if name in document
    ]
