"""Mappings: which versions are in use, what the last plan would change, what the checks say, and a preview on a stored record."""

from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from trivet.airflow.web.actions import need
from trivet.airflow.web.visit import Asked, Visit

router = APIRouter()
MOST_FINDINGS = 200


@router.get("/mappings")
def mappings(visit: Asked, flow: str = "") -> Response:
    """The files of a flow with their versions, its releases, its last plan."""
    from trivet.flow.console import versions

    chosen = flow or next(iter(visit.flows), "")
    known = None
    if chosen:
        need(visit, "view", chosen)
        known = versions.of_flow(visit.hub, chosen)
    return visit.page("mappings.html", "Mappings", nav="/mappings", flow=chosen, known=known)


@router.get("/mappings/check")
def check(visit: Asked) -> Response:
    """What `trivet check` says of every file."""
    from trivet.flow.check import check_home

    checked = check_home(visit.hub.settings.home)
    return visit.page(
        "checks.html", "Checks", nav="/mappings", checked=checked, findings=checked.findings[:MOST_FINDINGS]
    )


@router.get("/mappings/preview")
def previewing(visit: Asked, file: str = "") -> Response:
    """The form of a preview."""
    return _preview(visit, file, "", None, "")


@router.post("/mappings/preview")
def preview(
    visit: Asked, file: Annotated[str, Form()] = "", record: Annotated[str, Form(max_length=300)] = ""
) -> Response:
    """What a file makes of a stored record; masked for whoever may not see personal data."""
    from trivet.errors import TrivetError
    from trivet.flow.console import versions

    try:
        shown, about = versions.previewed(visit.hub, visit.who, file, record.strip())
    except TrivetError as error:
        return _preview(visit, file, record, None, error.explained())
    if shown["open"]:
        visit.opened(about or record, f"preview {file}")
    return _preview(visit, file, record, shown, "")


def _preview(visit: Visit, file: str, record: str, shown: dict[str, Any] | None, trouble: str) -> Response:
    from trivet.flow.console import versions

    names = versions.names(visit.hub)
    return visit.page(
        "preview.html", "Preview", nav="/mappings", names=names, file=file, record=record, shown=shown, trouble=trouble,
        status=422 if trouble else 200,
    )  # fmt: skip
