"""Agreement and drift: how far AI and interviewers agree, how scores are spread over the days, what looks different."""

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.responses import Response
from markupsafe import Markup

from trivet.airflow.web import draw
from trivet.airflow.web.actions import Action, Confirm, Done, Given, declare, need
from trivet.airflow.web.visit import Asked, Visit
from trivet.airflow.web.words import Words

if TYPE_CHECKING:
    from trivet.flow.console.figures import Figures

router = APIRouter()


@router.get("/agreement")
def agreement(visit: Asked, flow: str = "") -> Response:
    """The figures as they were counted last, and what was noticed."""
    from trivet.flow.console import figures

    chosen = flow or next(iter(_scoring(visit)), "")
    kept, noticed = None, []
    if chosen:
        need(visit, "view", chosen)
        kept, noticed = figures.kept(visit.hub, chosen), figures.noticed(visit.hub, chosen)
    return visit.page(
        "agreement.html", "Agreement and drift", nav="/agreement", flow=chosen, choices=_scoring(visit), kept=kept,
        noticed=noticed, differences=_differences(kept), spreads=_spreads(kept, visit.words),
    )  # fmt: skip


def _scoring(visit: Visit) -> list[str]:
    """The flows that score."""
    from trivet.errors import TrivetError
    from trivet.flow.definition import load_flow

    found = []
    for name in visit.flows:
        try:
            if load_flow(visit.hub.settings.home, name).assessment:
                found.append(name)
        except TrivetError:
            continue
    return found


def _differences(kept: "Figures | None") -> list[Markup]:
    """Of each row the AI's mean difference from people with its interval, all on one scale; nothing where there are too few."""
    rows = kept.agreement if kept else []
    values = [(row["difference"], row["difference_low"], row["difference_high"]) for row in rows]
    top = max((abs(edge) for value in values for edge in value if edge is not None), default=1.0)
    scale = max(1.0, top)
    return [
        draw.range_line(*value, low=-scale, high=scale) if value[0] is not None else Markup("")
        for value in values
    ]


def _spreads(kept: "Figures | None", words: Words) -> list[dict[str, Any]]:
    """Each measure with its mean by day as a line."""
    return [
        {
            "scorers": row["scorers"],
            "measure": row["measure"].removeprefix("score of "),
            "is_score": row["measure"].startswith("score of "),
            "n": sum(day["n"] for day in row["days"]),
            "last": row["days"][-1]["mean"],
            "line": draw.spark([day["mean"] for day in row["days"]], words.say("mean by day")),
        }
        for row in (kept.scores if kept else ())
        if row["days"]
    ]


def _ask(_: Visit, given: Given) -> Confirm:
    return Confirm(
        "The figures of {flow} are counted anew from every judgement and score. Nothing else changes.",
        {"flow": given["flow"]},
    )


def _make(visit: Visit, given: Given) -> Done:
    from trivet.flow.console import figures

    figures.make(visit.hub, given["flow"])
    return Done("The figures were counted anew.", "/agreement", {"flow": given["flow"]})


declare(
    router,
    Action(
        "/agreement/{flow}/count",
        "Count anew",
        "operate",
        lambda _, given: given["flow"],
        _ask,
        _make,
        nav="/agreement",
    ),
)
