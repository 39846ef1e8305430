"""One person: her time line, each delivery with its explanation, and the report of her scores.

Names, ids and documents are for those who may see personal data; that they did stands in the audit trail.
"""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from trivet.airflow.web.visit import Asked

router = APIRouter()
_REPORT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; base-uri 'none'"


@router.get("/person")
def seek(visit: Asked) -> Response:
    """The form that finds a person."""
    return visit.page("seek.html", "Find a person", nav="/person", missed=False)


@router.post("/person")
def find(visit: Asked, who: Annotated[str, Form(max_length=200)] = "") -> Response:
    """Off to her page: an id in an address would stand in every server's log."""
    from trivet.errors import LedgerError
    from trivet.flow.console import dossier

    try:
        found = dossier.find(visit.hub, visit.who, who.strip())
    except LedgerError:
        return visit.page("seek.html", "Find a person", nav="/person", missed=True, status=404)
    return visit.go(f"/person/{found}")


@router.get("/person/{subject_ref}")
def person(visit: Asked, subject_ref: str) -> Response:
    """Everything about one person."""
    from trivet.flow.console import dossier

    known = dossier.dossier(visit.hub, visit.who, subject_ref)
    if known.open:
        visit.opened(subject_ref, "person")
    return visit.page("person.html", "Person", nav="/person", person=known)


@router.get("/person/{subject_ref}/report/{assessment:path}")
def report(visit: Asked, subject_ref: str, assessment: str) -> Response:
    """The report as it lies on the shelf."""
    from trivet.flow.console import dossier

    content = dossier.report_of(visit.hub, visit.who, subject_ref, assessment)
    visit.opened(subject_ref, "report")
    return Response(
        content,
        media_type="text/html; charset=utf-8",
        headers={
            "Content-Security-Policy": _REPORT_POLICY,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        },
    )


@router.get("/delivery/{operation_id}")
def delivery(visit: Asked, operation_id: str) -> Response:
    """Why one delivery was made, and everything that happened to it."""
    from trivet.flow.console import explanation

    told, flow = explanation.told(visit.hub, visit.who, operation_id)
    if told.open and told.subject_ref:
        visit.opened(told.subject_ref, f"delivery {operation_id}")
    return visit.page("delivery.html", "Delivery", nav="/deliveries", told=told, flow=flow)
