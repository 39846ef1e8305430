"""Deliveries: narrowed, a page at a time however many there are, and as CSV."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response, StreamingResponse

from trivet.airflow.web.visit import Asked

if TYPE_CHECKING:
    from trivet.flow.console.deliveries import Wanted

router = APIRouter()
CHOICES = (
    "trouble", "in_the_air", "waiting_identity", "planned", "confirmed", "rejected", "stuck", "unknown", "cancelled",
    "compensated", "written_off", "superseded",
)  # fmt: skip


@dataclass(frozen=True)
class Chosen:
    """What the form narrows by, as it stands in the address."""

    flow: str = ""
    system: str = ""
    state: str = ""
    person: str = ""
    batch: str = ""
    since: str = ""
    until: str = ""

    def wanted(self, zone: str) -> "Wanted":
        """The same for the ledger."""
        from trivet.flow.console.deliveries import Wanted

        first, last = day(self.since), day(self.until)
        return Wanted(
            self.flow, self.system, self.state, self.person.strip(), self.batch.strip(), first, last, zone
        )


Narrowed = Annotated[Chosen, Depends()]


@router.get("/deliveries")
def deliveries(visit: Asked, chosen: Narrowed, after: str = "") -> Response:
    """Operations, the newest planned first."""
    from trivet.flow.console import deliveries as found

    page = found.deliveries(visit.hub, chosen.wanted(visit.words.zone), visit.who.seen, after)
    return visit.page(
        "deliveries.html", "Deliveries", nav="/deliveries", page=page, after=after, chosen=asdict(chosen),
        systems=found.targets(visit.hub), choices=CHOICES,
    )  # fmt: skip


@router.get("/deliveries.csv")
def export(visit: Asked, chosen: Narrowed) -> Response:
    """The same as CSV, all of it; people under their pseudonyms."""
    from trivet.flow.console import deliveries as found

    return StreamingResponse(
        found.export(visit.hub, chosen.wanted(visit.words.zone), visit.who.seen),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="deliveries-{visit.hub.now():%Y%m%d-%H%M}.csv"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def day(text: str) -> date | None:
    """A day; a text that is none narrows nothing."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
