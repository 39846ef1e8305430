"""Actions: POST routes that change something, each behind a right, a confirming page and our own origin.

To add one, write two functions and declare it in a module with a `router` that `app.ROOMS` lists:

    router = APIRouter()

    def _shown(visit: Visit, given: Given) -> Confirm:        # changes nothing; raises TrivetError where it is not possible
        rows = undoing.preview_rollback(visit.hub, given["what"])
        return Confirm("Everything that this batch delivered is taken back.", rows=rows, columns=("target", "entity", "would"),
                       reason=True, danger=True)

    def _done(visit: Visit, given: Given) -> Done:            # does it; `visit.who.name` is the actor of the audit events
        rows = undoing.rollback(visit.hub, given["what"], actor=visit.who.name, reason=given["reason"])
        return Done("taken back", to=f"/batch/{given['what']}")

    declare(router, Action("/batch/{what}/rollback", "Roll back", right="operate", flow=flow_of_batch, ask=_shown, do=_done))

and put its button where the right holds (`parts.html`):

    {% from "parts.html" import button with context %}
    {{ button("/batch/" ~ batch.batch ~ "/rollback", "Roll back", right="operate", flow=batch.flow, danger=true) }}

What happens: the button's form POSTs its fields; the answer is the confirming page, whose form POSTs them again with `sure`;
only then `do` runs. `given` holds the path's parameters and the form's fields (the path wins). A field that begins with
`confirm_` is for the confirming page's own inputs (`Confirm.fields`). The right is checked for the flow that `flow` finds:
404 where the visitor may not see it, 403 where she sees it and may not do this. A `TrivetError` becomes a page with its cure
(409). `Done` redirects (303), so that reloading does it no second time, and says its text, which has to be one of our words.
A second click finds the ledger changed: `do` relies on the ledger's states, never on the page.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from trivet.airflow.web.visit import Asked, Visit

if TYPE_CHECKING:
    from trivet.flow.console.access import Right

Given = Mapping[str, str]
"""The path's parameters and the form's fields."""
MOST_BYTES = 100_000
"""Of a form."""


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a confirming page."""

    name: str
    label: str
    """One of our words."""
    required: bool = True
    long: bool = False
    """Several lines."""
    choices: Sequence[tuple[str, str]] = ()
    """Value and word of each; a text where there are none."""
    value: str = ""


REASON = Field("reason", "Why (kept in the audit trail)", long=True)


@dataclass(frozen=True, slots=True)
class Confirm:
    """What the confirming page shows."""

    lead: str
    """One of our words: what will happen."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """For the braces in `lead`."""
    rows: Sequence[Mapping[str, Any]] = ()
    columns: Sequence[str] = ()
    """Of the rows; their heads are words of ours."""
    fields: Sequence[Field] = ()
    reason: bool = False
    """Asks why, in `given["reason"]`."""
    danger: bool = False
    possible: bool = True
    """False: the page says why not, and has no button."""


@dataclass(frozen=True, slots=True)
class Done:
    """Where to go, and what to say there."""

    said: str
    to: str
    query: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a person may do."""

    path: str
    title: str
    """The button's and the confirming page's; one of our words."""
    right: "Right"
    flow: Callable[[Visit, Given], str | None]
    """The flow that it is about; None for what belongs to none."""
    ask: Callable[[Visit, Given], Confirm]
    do: Callable[[Visit, Given], Done | Response]
    """A response of its own only where there is something to show, as a passkey's challenge."""
    nav: str = ""


def declare(router: APIRouter, action: Action) -> None:
    """Adds the action's route."""

    async def route(request: Request, visit: Asked) -> Response:
        given = {**await _form(request), **{name: str(at) for name, at in request.path_params.items()}}
        # the work is synchronous: it must not hold the server's loop
        return await run_in_threadpool(_act, action, visit, given)

    router.add_api_route(action.path, route, methods=["POST"], name=action.title)


def _act(action: Action, visit: Visit, given: dict[str, str]) -> Response:
    need(visit, action.right, action.flow(visit, given))
    asked = action.ask(visit, given)
    if given.pop("sure", "") != "yes" or not asked.possible:
        return _confirming(action, visit, given, asked)
    fields = [*asked.fields, *([REASON] if asked.reason else [])]
    if any(one.required and not given.get(one.name, "").strip() for one in fields):
        return _confirming(action, visit, given, asked, incomplete=True)
    done = action.do(visit, given)
    return visit.go(done.to, done.said, **done.query) if isinstance(done, Done) else done


def _confirming(
    action: Action, visit: Visit, given: Given, asked: Confirm, *, incomplete: bool = False
) -> Response:
    fields = [*asked.fields, *([REASON] if asked.reason else [])]
    hidden = {
        name: value
        for name, value in given.items()
        if name not in visit.request.path_params and name not in {one.name for one in fields}
    }
    return visit.page(
        "confirm.html", action.title, nav=action.nav, asked=asked, fields=fields, hidden=hidden, given=given,
        incomplete=incomplete, status=422 if incomplete else 200,
    )  # fmt: skip


def need(visit: Visit, right: "Right", flow: str | None) -> None:
    """404 where she may not know of the flow, 403 where she may not do this to it."""
    if not visit.may("view", flow):
        raise HTTPException(404)
    if not visit.may(right, flow):
        raise HTTPException(403)


def flow_of_batch(visit: Visit, given: Given) -> str | None:
    """For `Action.flow`: the flow of the batch in `given["batch_id"]`."""
    from trivet.flow.console import access

    with visit.hub.ledger.read() as tx:
        return access.check_batch(tx, visit.who, given["batch_id"])


async def _form(request: Request) -> dict[str, str]:
    """The form's fields; 413 for one that is no form of ours."""
    if int(request.headers.get("content-length") or 0) > MOST_BYTES:
        raise HTTPException(413)
    async with request.form(max_files=0, max_fields=100, max_part_size=MOST_BYTES) as form:
        return {name: str(value) for name, value in form.items()}
