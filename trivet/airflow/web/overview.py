"""The first page: the last nights of every flow, and what a person should look at."""

from typing import TYPE_CHECKING

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response
from markupsafe import Markup

from trivet.airflow.web import draw
from trivet.airflow.web.actions import need
from trivet.airflow.web.visit import Asked
from trivet.airflow.web.words import Words

if TYPE_CHECKING:
    from trivet.flow.console.overview import Night

router = APIRouter()
MOST_NIGHTS = 30


@router.get("/")
def overview(visit: Asked) -> Response:
    """Flows with their newest nights, those that need a look first."""
    from trivet.flow.console import overview as nights

    flows = sorted(
        nights.overview(visit.hub, visit.who.seen), key=lambda one: (not one.needs_a_look, one.flow)
    )
    drawn = {one.flow: trend(one.nights, visit.words) for one in flows}
    return visit.page("overview.html", "Overview", nav="/", flows=flows, drawn=drawn)


@router.get("/flow/{name}")
def flow(visit: Asked, name: str) -> Response:
    """The nights of one flow, further back."""
    from trivet.flow import holding
    from trivet.flow.console import overview as nights

    need(visit, "view", name)
    found = nights.nights(visit.hub, flow=name, most=MOST_NIGHTS)
    if name not in visit.who.sites and not found:
        raise HTTPException(404)
    drawn = trend(found, visit.words)
    return visit.page(
        "flow.html",
        "Nights",
        nav="/",
        flow=name,
        nights=found,
        drawn=drawn,
        held=holding.flow_waits(visit.hub, name),
    )


@router.get("/dag")
def dag(visit: Asked, dag: str = "") -> Response:
    """The flow of a DAG: the tab on it."""
    from trivet.dag_names import flow_of

    name = flow_of(dag, visit.flows)
    return visit.go(f"/flow/{name}") if name else visit.page("no_batch.html", "Nights", nav="/")


def trend(nights: "tuple[Night, ...] | list[Night]", words: Words) -> Markup:
    """The nights as bars, oldest first: delivered, still open, in trouble."""
    ordered = list(reversed(nights))
    stacks = [
        (("good", one.delivered), ("warn", one.waiting + one.in_the_air), ("bad", one.trouble))
        for one in ordered
    ]
    said = [
        words.say(
            "{day}: {delivered} delivered, {waiting} waiting, {trouble} refused, stuck or set aside",
            day=words.day(one.opened_at), delivered=one.delivered, waiting=one.waiting + one.in_the_air, trouble=one.trouble,
        )
        for one in ordered
    ]  # fmt: skip
    label = words.say("deliveries of the last {n} nights", n=len(ordered))
    return draw.bars(stacks, said, label)
