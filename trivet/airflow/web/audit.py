"""The audit trail: who changed what, when; and whether its chains hold."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from trivet.airflow.web.actions import Action, Confirm, Given, declare
from trivet.airflow.web.deliveries import day
from trivet.airflow.web.visit import Asked, Visit

if TYPE_CHECKING:
    from trivet.flow.console.trail import Sought

router = APIRouter()


@dataclass(frozen=True)
class Chosen:
    """What the form narrows by."""

    batch: str = ""
    person: str = ""
    actor: str = ""
    code: str = ""
    since: str = ""
    until: str = ""

    def sought(self, zone: str) -> "Sought":
        """The same for the ledger."""
        from trivet.flow.console.trail import Sought

        first, last = day(self.since), day(self.until)
        return Sought(
            self.batch.strip(), self.person.strip(), self.actor.strip(), self.code.strip(), first, last, zone
        )


@router.get("/audit")
def audit(visit: Asked, chosen: Annotated[Chosen, Depends()], after: str = "") -> Response:
    """Events, newest first."""
    from trivet.flow.console import trail

    rows, following = trail.events(visit.hub, chosen.sought(visit.words.zone), visit.who.seen, after)
    return visit.page(
        "audit.html", "Audit", nav="/audit", rows=rows, next=following, after=after, chosen=asdict(chosen),
        whole=visit.who.everywhere("view"),
    )  # fmt: skip


def _ask(_: Visit, __: Given) -> Confirm:
    return Confirm(
        "Every event of every chain is read and its seal recomputed; on a large ledger this takes a while."
    )


def _verify(visit: Visit, _: Given) -> Response:
    from trivet.flow import upkeep

    noted = upkeep.anchor_file(visit.hub)
    breaks = upkeep.verify(visit.hub, noted)
    return visit.page("verified.html", "Audit", nav="/audit", breaks=breaks, noted=noted is not None)


declare(
    router,
    Action("/audit/verify", "Verify the chains", "operate", lambda _, __: None, _ask, _verify, nav="/audit"),
)
