"""Cases: what waits for a person, what happened, and what can be done about it."""

from fastapi import APIRouter
from fastapi.responses import Response

from trivet.airflow.web.visit import Asked

router = APIRouter()
ADVICE = {
    "stuck": "Look it up in that system by the reference, then say what you found: it is there, it is not, or take it back.",
    "rejected": "Mend what the system refuses, then send it again.",
    "comp_planned": "Nothing: it is being taken back by itself.",
    "": "Read what happened; the case closes with a decision.",
}
"""By the state of the delivery that it is about."""


@router.get("/cases")
def cases(visit: Asked, batch: str = "", flow: str = "", after: str = "") -> Response:
    """Open cases, who waits for a number, and what was set aside."""
    from trivet.flow.console import attention

    found = attention.attention(visit.hub, visit.who.seen, batch_id=batch, flow=flow, after=after)
    return visit.page(
        "cases.html",
        "Cases",
        nav="/cases",
        found=found,
        batch_id=batch,
        flow=flow,
        after=after,
        advice=ADVICE,
    )
