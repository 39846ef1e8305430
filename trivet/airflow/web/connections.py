"""Connections: which are paused or failing, what they spend of their budgets, what went wrong last, and a look by hand."""

from fastapi import APIRouter
from fastapi.responses import Response

from trivet.airflow.web.actions import Action, Confirm, Done, Given, declare
from trivet.airflow.web.visit import Asked, Visit

router = APIRouter()


@router.get("/connections")
def connections(visit: Asked) -> Response:
    """The connections of the flows that the visitor sees."""
    from trivet.flow import holding
    from trivet.flow.console import health

    found = health.connections(visit.hub, visit.flows)
    # a maintenance window ends by itself: only what a person paused can be resumed
    stopped = [row for row in holding.listed(visit.hub) if row["kind"] == "system"]
    return visit.page(
        "connections.html", "Connections", nav="/connections", found=found,
        held={row["name"] for row in stopped if row["since"]},
        waits={row["name"]: f"{row['by']}: {row['reason']}" for row in stopped},
    )  # fmt: skip


def _uses(visit: Visit, conn_id: str) -> list[str]:
    """The flows that use it."""
    from trivet.flow.console import health

    found = health.connections(visit.hub, visit.flows)
    return sorted({flow for one in found if one.id == conn_id for flow, _ in one.uses})


def _flow(visit: Visit, given: Given) -> str | None:
    return next(iter(_uses(visit, given["conn_id"])), None)


def _ask(_: Visit, given: Given) -> Confirm:
    return Confirm(
        "{connection} is asked now whether it answers. Nothing is changed there.",
        {"connection": given["conn_id"]},
    )


def _check(visit: Visit, given: Given) -> Done | Response:
    from trivet.flow.console import health

    told = health.check(visit.hub, given["conn_id"], _uses(visit, given["conn_id"]))
    return visit.page("checked.html", "Answers", nav="/connections", conn_id=given["conn_id"], told=told)


declare(
    router,
    Action(
        "/connections/{conn_id}/check",
        "Ask whether it answers",
        "operate",
        _flow,
        _ask,
        _check,
        nav="/connections",
    ),
)
