"""The buttons: hold and release, pause and resume, settle, retry, decide a case, replay, roll back, correct a link."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter

from trivet.airflow.web.actions import Action, Confirm, Done, Field, Given, declare, flow_of_batch
from trivet.airflow.web.visit import Visit

router = APIRouter()
MOST = 200
"""Rows of a preview."""
_UNDONE = ("would", "target", "entity", "reference", "state")
_TWO = "In production two people do this: you say why, a second person sees the same list and approves it."
_NOTE = Field("note", "Note (kept in the audit trail)", required=False, long=True)


def _of_name(visit: Visit, given: Given) -> str | None:
    del visit
    return given["flow"]


def _of_none(visit: Visit, given: Given) -> str | None:
    """A system, and what is in the air anywhere, belong to no flow: for those whose right holds everywhere."""
    del visit, given
    return None


def _of_operation(visit: Visit, given: Given) -> str | None:
    from trivet.flow import actions
    from trivet.flow.console import access

    with visit.hub.ledger.read() as tx:
        return access.check_batch(tx, visit.who, actions.operation_of(tx, given["which"]).batch_id)


def _of_case(visit: Visit, given: Given) -> str | None:
    from trivet.errors import LedgerError
    from trivet.flow.console import access
    from trivet.ledger import cases

    with visit.hub.ledger.read() as tx:
        known = cases.get(tx, given["which"])
        if known is None:
            raise LedgerError("no such case", code="CASE_UNKNOWN")
        return access.check_batch(tx, visit.who, known.batch_id) if known.batch_id else None


def _of_person(visit: Visit, given: Given) -> str | None:
    """A flow of hers for which the visitor may do this; rolling back needs it for each of them."""
    from trivet.errors import LedgerError
    from trivet.flow.console import access

    with visit.hub.ledger.read() as tx:
        flows = access.flows_of_person(tx, given["subject_ref"])
    seen = sorted(name for name in flows if visit.may("view", name))
    if not seen:
        raise LedgerError("no such person", code="PERSON_UNKNOWN")
    # what is done to a person reaches into each flow that knows her
    return next((name for name in sorted(flows) if not visit.may("operate", name)), seen[0])


def _lead(lead: str, *, reason: bool = True, danger: bool = False, fields: tuple[Field, ...] = ()) -> Any:
    def ask(visit: Visit, given: Given) -> Confirm:
        del visit
        told = {name: given[name] for name in ("flow", "system") if name in given}
        return Confirm(lead, values=told, reason=reason, danger=danger, fields=fields)

    return ask


def _hold(kind: Any, name: str, said: str, to: Callable[[Given], str]) -> Any:
    def do(visit: Visit, given: Given) -> Done:
        from trivet.flow import holding

        holding.put_on_hold(visit.hub, kind, given[name], actor=visit.who.name, reason=given["reason"])
        return Done(said, to=to(given))

    return do


def _release(kind: Any, name: str, said: str, to: Callable[[Given], str]) -> Any:
    def do(visit: Visit, given: Given) -> Done:
        from trivet.flow import holding

        holding.release(visit.hub, kind, given[name], actor=visit.who.name, reason=given.get("note", ""))
        return Done(said, to=to(given))

    return do


def _settle(visit: Visit, given: Given) -> Done:
    from trivet.flow import actions

    del given
    done = actions.settle_now(visit.hub, actor=visit.who.name)
    return Done("The systems were asked." if done.changed else "Nothing is in the air.", to="/")


def _retry(visit: Visit, given: Given) -> Done:
    from trivet.flow import actions

    done = actions.retry(visit.hub, given["which"], actor=visit.who.name, note=given.get("note", ""))
    return Done(
        "It was sent again." if done.changed else "It was done before; nothing changed.",
        to=_batch_of(visit, given),
    )


def _batch_of(visit: Visit, given: Given) -> str:
    from trivet.flow import actions

    with visit.hub.ledger.read() as tx:
        return f"/batch/{actions.operation_of(tx, given['which']).batch_id}"


def _case(visit: Visit, given: Given) -> Confirm:
    from trivet.flow import actions

    known = actions.case_row(visit.hub, given["which"])
    choices = [(one, f"decision: {one}") for one in known["possible"]]
    return Confirm(
        "Say what you found at the system, or what is to be done; the case is closed with your name.",
        rows=[known], columns=("code", "target", "reference", "message"), reason=True,
        fields=(
            Field("decision", "Decision", choices=choices),
        ) if choices else (),
    )  # fmt: skip


def _decide(visit: Visit, given: Given) -> Done:
    from trivet.flow import actions

    chosen = next(one for one in actions.DECISIONS if one == given.get("decision", "written_off"))
    done = actions.decide_case(
        visit.hub, given["which"], chosen, actor=visit.who.name, note=given["reason"],
        # where a second person is asked for this says so: a name that somebody types here would be none
    )  # fmt: skip
    return Done("Decided." if done.changed else "It was done before; nothing changed.", to="/cases")


def _undo_batch(visit: Visit, given: Given) -> Confirm:
    return _undo(visit, given["batch_id"], "Everything that this batch delivered is taken back.")


def _undo_person(visit: Visit, given: Given) -> Confirm:
    return _undo(
        visit, given["subject_ref"], "Everything that was delivered about this person is taken back."
    )


def _undo(visit: Visit, what: str, lead: str) -> Confirm:
    from trivet.flow import undoing

    rows = undoing.preview_rollback(visit.hub, what)
    if rows and undoing.four_eyes(visit.hub, what):
        lead = _TWO
    return Confirm(lead, rows=rows[:MOST], columns=_UNDONE, reason=True, danger=True, possible=bool(rows))


def _wish(visit: Visit, verb: Any, what: str, given: Given, number: str | None = None) -> Done:
    """In production nothing happens by one person's click: a second one is asked."""
    from trivet.flow import wishes

    asked = wishes.ask(visit.hub, verb, what, actor=visit.who.name, reason=given["reason"], number=number)
    return Done("A second person is asked; nothing is done before.", to=f"/approval/{asked.id}")


def _undone(name: str, to: str) -> Any:
    def do(visit: Visit, given: Given) -> Done:
        from trivet.flow import undoing

        if undoing.four_eyes(visit.hub, given[name]):
            return _wish(visit, "rollback", given[name], given)
        rows = undoing.rollback(visit.hub, given[name], actor=visit.who.name, reason=given["reason"])
        whole = not undoing.left(rows)
        said = "Taken back." if whole else "Taken back as far as possible; the rest is listed here."
        return Done(said, to=to.format(**given))

    return do


def _replaying(visit: Visit, given: Given) -> Confirm:
    from trivet.flow.replay import replay

    rows = replay(visit.hub, given["batch_id"], dry_run=True, actor=visit.who.name).rows
    return Confirm(
        "What was refused, got stuck or was set aside is decided again with the files that count now.",
        rows=rows[:MOST], columns=("target", "entity", "reference", "before", "now", "message"), possible=bool(rows),
    )  # fmt: skip


def _replayed(visit: Visit, given: Given) -> Done:
    from trivet.flow.replay import replay

    done = replay(visit.hub, given["batch_id"], actor=visit.who.name)
    said = "Decided again and sent." if done.clean else "Decided again; what is left is listed here."
    return Done(said, to=f"/batch/{given['batch_id']}")


def _linking(visit: Visit, given: Given) -> Confirm:
    from trivet.flow import undoing

    rows = undoing.preview_rollback(visit.hub, given["subject_ref"])
    lead = "What was delivered under the other number is taken back first; the next night delivers it anew."
    if rows and undoing.four_eyes(visit.hub, given["subject_ref"]):
        lead = _TWO
    number = Field("number", "Employee number, as the ERP writes it")
    return Confirm(lead, rows=rows[:MOST], columns=_UNDONE, fields=(number,), reason=True, danger=True)


def _linked(verb: str) -> Any:
    def do(visit: Visit, given: Given) -> Done:
        from trivet.flow import crosswalk, undoing

        person, number = given["subject_ref"], given["number"].strip()
        if undoing.preview_rollback(visit.hub, person) and undoing.four_eyes(visit.hub, person):
            return _wish(visit, verb, person, given, number)
        said = crosswalk.Correction(person, number, visit.who.name, given["reason"])
        {"link": crosswalk.link, "unlink": crosswalk.unlink}[verb](visit.hub, said)
        return Done("The link is corrected.", to=f"/person/{given['subject_ref']}")

    return do


def _to_flow(given: Given) -> str:
    return f"/flow/{given['flow']}"


def _to_systems(given: Given) -> str:
    del given
    return "/connections"


_HOLD = "No run of {flow} does anything until it is released; nothing is lost."
_PAUSE = "Nothing is read from {system} or sent to it until it is resumed; the other systems go on."
_AGAIN: Mapping[str, Any] = {"reason": False, "fields": (_NOTE,)}
ACTIONS = (
    Action("/flow/{flow}/hold", "Hold", "operate", _of_name, _lead(_HOLD),
           _hold("flow", "flow", "The flow is on hold.", _to_flow)),
    Action("/flow/{flow}/release", "Release", "operate", _of_name, _lead("The next run of {flow} goes on.", **_AGAIN),
           _release("flow", "flow", "The flow is released.", _to_flow)),
    Action("/system/{system}/pause", "Pause", "operate", _of_none, _lead(_PAUSE),
           _hold("system", "system", "The system is paused.", _to_systems), nav="/connections"),
    Action("/system/{system}/resume", "Resume", "operate", _of_none,
           _lead("The next run sends what waited for {system}.", **_AGAIN),
           _release("system", "system", "The system is resumed.", _to_systems), nav="/connections"),
    Action("/settle", "Settle now", "operate", _of_none,
           _lead("Every system is asked about what is in the air there.", reason=False), _settle, nav="/"),
    Action("/operation/{which}/retry", "Send again", "operate", _of_operation,
           _lead("It is sent again as it is.", **_AGAIN), _retry),
    Action("/case/{which}/decide", "Decide", "operate", _of_case, _case, _decide, nav="/cases"),
    Action("/batch/{batch_id}/rollback", "Roll back", "operate", flow_of_batch, _undo_batch,
           _undone("batch_id", "/batch/{batch_id}")),
    Action("/batch/{batch_id}/replay", "Replay", "operate", flow_of_batch, _replaying, _replayed),
    Action("/person/{subject_ref}/rollback", "Take this person back", "operate", _of_person, _undo_person,
           _undone("subject_ref", "/person/{subject_ref}"), nav="/person"),
    Action("/person/{subject_ref}/link", "Correct the employee number", "operate", _of_person, _linking,
           _linked("link"), nav="/person"),
    Action("/person/{subject_ref}/unlink", "Remove an employee number", "operate", _of_person, _linking,
           _linked("unlink"), nav="/person"),
)  # fmt: skip
for _action in ACTIONS:
    declare(router, _action)
