"""What waits for a named person, and her answer; made for a phone, with a passkey where the flow's policy asks for one."""

from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.configuration import conf
from fastapi import APIRouter, HTTPException
from fastapi.responses import Response

from trivet.airflow.web.actions import Action, Confirm, Done, Field, Given, declare, need
from trivet.airflow.web.answering import answer_run
from trivet.airflow.web.batch import run_path
from trivet.airflow.web.visit import Asked, Visit

if TYPE_CHECKING:
    from trivet.flow.gates.passkeys import Console

router = APIRouter()
NAV = "/approvals"
NOTE = Field("note", "Note (kept in the audit trail)", required=False, long=True)
_RUNS = (("asked in", "asked"), ("the answer is awaited in", "run"))
"""Runs in Airflow, by what the question's detail calls them."""
MOST = 200
"""Operations that one page shows; the rest is counted."""


@router.get("/approvals")
def approvals(visit: Asked) -> Response:
    """What waits, then what was answered lately."""
    from trivet.flow.gates import approvals as asked
    from trivet.flow.gates import passkeys

    rows = [row for row in asked.listed(visit.hub, None) if visit.may("view", row["flow"])]
    return visit.page(
        "approvals.html", "Approvals", nav=NAV,
        waiting=[row for row in rows if row["state"] == "waiting"],
        answered=[row for row in rows if row["state"] != "waiting"][:20],
        mine=passkeys.owned(visit.hub, visit.who.name), approves=visit.who.anywhere("approve"),
    )  # fmt: skip


@router.get("/approval/{approval_id}")
def approval(visit: Asked, approval_id: str) -> Response:
    """One question: how much, of whom, why; with the documents for whom may see personal data."""
    from trivet.flow.gates import approvals as asked
    from trivet.flow.gates.approval import same_person

    found = asked.shown(visit.hub, approval_id)
    need(visit, "view", found["flow"])
    opens = visit.may("personal_data", found["flow"])
    if opens:
        visit.opened(approval_id, "documents of an approval")
    runs = [(said, name, run_path(*found[name])) for said, name in _RUNS if found.get(name)]
    return visit.page(
        "approval.html", "Approval", nav=NAV, leaves=True, asked=found, opens=opens, most=MOST, runs=runs,
        decides=visit.may("approve", found["flow"]),
        own=found["state"] == "waiting" and same_person(found.get("wanted", {}).get("asked_by"), visit.who.name),
    )  # fmt: skip


@router.get("/passkey.js")
def script(visit: Asked) -> Response:
    """The script that asks the person's device; it sends nothing by itself, it fills a form."""
    del visit  # the login is all that is asked for
    text = files(__package__).joinpath("templates", "passkey.js").read_text(encoding="utf-8")
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(text, media_type="text/javascript", headers=headers)


def console() -> "Console":
    """Where browsers find this console."""
    from trivet.flow.gates.passkeys import Console

    own = urlsplit(conf.get("api", "base_url") or "")
    return Console(f"{own.scheme}://{own.netloc}")


def _flow(visit: Visit, given: Given) -> str | None:
    from trivet.ledger import approvals as stored

    with visit.hub.ledger.read() as tx:
        known = stored.get(tx, given["approval_id"])
    # what reaches into several flows is for whom may approve in each
    flows = [name for name in known.detail.get("flows", ()) if not visit.may("approve", name)]
    return flows[0] if flows and visit.may("view", known.flow) else known.flow


def _nobodys(visit: Visit, given: Given) -> str | None:
    """A passkey belongs to no flow: whoever may approve anywhere may have one."""
    del given
    if not visit.who.anywhere("approve"):
        raise HTTPException(403)
    return next(iter(visit.flows), None)


def _asked(lead: str, wished: str, *, danger: bool = False) -> Any:
    def ask(visit: Visit, given: Given) -> Confirm:
        from trivet.flow.gates import approvals as asked

        found = asked.shown(visit.hub, given["approval_id"])
        number = len(found["operations_waiting"])
        return Confirm(
            wished if "wanted" in found else lead, values={"n": number, "batch": found["batch"]}, fields=(NOTE,), danger=danger,
            # an answered one goes to `do` all the same, which says by whom it was answered
        )  # fmt: skip

    return ask


def _approve(visit: Visit, given: Given) -> Done:
    from trivet.flow.gates import approvals as asked

    asked.approve(visit.hub, given["approval_id"], actor=visit.who.name, how="page", note=given.get("note", ""),
                  seen=given.get("seen"))  # fmt: skip
    return _approved(visit, given)


def _approved(visit: Visit, given: Given) -> Done:
    """What is to be sent goes with the next look of `settle`; what somebody wished for is done here and now."""
    from trivet.flow import undoing, wishes
    from trivet.ledger import approvals as stored

    approval_id = given["approval_id"]
    answer_run(visit, approval_id, approved=True)
    with visit.hub.ledger.read() as tx:
        wish = stored.get(tx, approval_id).wish
    if wish is None:
        return Done("Approved; it is sent within a minute.", to=NAV)
    rows = wishes.carry_out(visit.hub, approval_id)
    whole = not undoing.left(rows)
    said = (
        "Approved, and done." if whole else "Approved, and done as far as possible; the rest is listed here."
    )
    return Done(said, to=f"/approval/{approval_id}")


def _reject(visit: Visit, given: Given) -> Done:
    from trivet.flow.gates import approvals as asked

    asked.reject(visit.hub, given["approval_id"], actor=visit.who.name, how="page", note=given.get("note", ""),
                 seen=given.get("seen"))  # fmt: skip
    answer_run(visit, given["approval_id"], approved=False)
    return Done("Rejected; nothing of it is done.", to=NAV)


def _sign(visit: Visit, given: Given) -> Response:
    from trivet.flow.gates import passkeys

    approval_id, seen = given["approval_id"], given.get("seen", "")
    options = passkeys.signing(visit.hub, console(), visit.who.name, approval_id, seen)
    return visit.page(
        "passkey.html", "Approve with your passkey", nav=NAV, leaves=True, options=options, does="get",
        to=f"/approval/{approval_id}/signed", fields={"seen": seen, "note": given.get("note", "")},
    )  # fmt: skip


def _signed(visit: Visit, given: Given) -> Done:
    from trivet.flow.gates import passkeys

    passkeys.approve(
        visit.hub, console(), visit.who.name, given["approval_id"], given.get("seen", ""), given.get("credential", ""),
        given.get("note", ""),
    )  # fmt: skip
    return _approved(visit, given)


def _no_question(visit: Visit, given: Given) -> Confirm:
    del visit, given
    return Confirm("The device was asked.")


def _registering(visit: Visit, given: Given) -> Response:
    from trivet.flow.gates import passkeys

    vouching = passkeys.vouching(visit.hub, console(), visit.who.name)
    if vouching is None:
        return _vouched(visit, given)
    return visit.page(
        "passkey.html", "First a device that you have", nav=NAV, leaves=True, options=vouching, does="get",
        to="/passkeys/another", fields={"title": given.get("title", "")},
    )  # fmt: skip


def _vouched(visit: Visit, given: Given) -> Response:
    from trivet.flow.gates import passkeys

    options = passkeys.registering(visit.hub, console(), visit.who.name, given.get("credential", ""))
    return visit.page(
        "passkey.html", "Register this device", nav=NAV, leaves=True, options=options, does="create",
        to="/passkeys/registered", fields={"title": given.get("title", "")},
    )  # fmt: skip


def _registered(visit: Visit, given: Given) -> Done:
    from trivet.flow.gates import passkeys

    credential, title = given.get("credential", ""), given.get("title", "")
    passkeys.register(visit.hub, console(), visit.who.name, credential, title)
    return Done("This device is registered.", to=NAV)


def _forget(visit: Visit, given: Given) -> Done:
    from trivet.flow.gates import passkeys

    passkeys.forget(visit.hub, visit.who.name, given.get("key", ""), actor=visit.who.name)
    return Done("The device is removed.", to=NAV)


def _reset(visit: Visit, given: Given) -> Done:
    from trivet.flow.gates import passkeys

    passkeys.reset(visit.hub, given["person"].strip(), actor=visit.who.name)
    return Done("The person may register a device anew.", to=NAV)


def _resetting(visit: Visit, given: Given) -> Confirm:
    del visit, given
    return Confirm(
        "All devices of the person are forgotten, and her next login registers one. Be sure that it is she who asks.",
        fields=(Field("person", "Her user name, as approvals show it"),), danger=True,
    )  # fmt: skip


def _title(visit: Visit, given: Given) -> Confirm:
    del visit, given
    return Confirm(
        "Your device makes a key for this console; it asks for your finger, face or PIN.",
        fields=(Field("title", "What you call the device", required=False),),
    )


def _forgetting(visit: Visit, given: Given) -> Confirm:
    del visit, given
    return Confirm("The device cannot approve any more.", danger=True)


_ONE = "/approval/{approval_id}"
_LEAD = "{n} operations of batch {batch} go to the systems, with your name on each."
_WISHED = "It is done at once, under both names: {n} operations are taken back, as listed."
_NOT = "Nothing is taken back; who asked for it sees that you said no."
for _action in (
    Action(f"{_ONE}/approve", "Approve", "approve", _flow, _asked(_LEAD, _WISHED), _approve, nav=NAV),
    Action(
        f"{_ONE}/reject", "Reject", "approve", _flow,
        _asked("{n} operations of batch {batch} are cancelled, and not asked for again unless they change.", _NOT, danger=True),
        _reject, nav=NAV,
    ),
    Action(f"{_ONE}/sign", "Approve with your passkey", "approve", _flow, _asked(_LEAD, _WISHED), _sign, nav=NAV),
    Action(f"{_ONE}/signed", "Approve with your passkey", "approve", _flow, _no_question, _signed, nav=NAV),
    Action("/passkeys/register", "Register this device", "approve", _nobodys, _title, _registering, nav=NAV),
    Action("/passkeys/registered", "Register this device", "approve", _nobodys, _no_question, _registered, nav=NAV),
    Action("/passkeys/another", "First a device that you have", "approve", _nobodys, _no_question, _vouched, nav=NAV),
    Action("/passkeys/reset", "Reset somebody's devices", "approve", _nobodys, _resetting, _reset, nav=NAV),
    Action("/passkeys/forget", "Remove this device", "approve", _nobodys, _forgetting, _forget, nav=NAV),
):  # fmt: skip
    declare(router, _action)
