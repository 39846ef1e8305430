"""Asks a named person about what must not go without her, and carries out what she says.

One question a batch: all that waits in it. What she approves goes with her name on it; what she rejects is cancelled and not
asked for again; what nobody answers in time stays planned, and the next run asks anew. The rest of the batch flows meanwhile,
and so do the next nights.
"""

import hmac
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from trivet.delivery.plan import DECLINED
from trivet.delivery.progress import judge
from trivet.delivery.transitions import move
from trivet.errors import ConfigError, ConnectorError, LedgerError, TrivetError
from trivet.flow import deliver
from trivet.flow.actions import Done
from trivet.flow.definition import Flow
from trivet.flow.gates import approval, wished
from trivet.flow.gates.asking import digest, follow
from trivet.flow.gates.wished import Plan
from trivet.flow.holding import named
from trivet.flow.hub import Hub
from trivet.ledger import approvals, batches, contents, gates, releases, shapes
from trivet.ledger.approvals import Approval
from trivet.ledger.audit import Event
from trivet.ledger.ledger import Transaction
from trivet.ledger.operations import StoredOperation

Row = dict[str, Any]
PASSKEY = "passkey"


def listed(hub: Hub, state: str | None = "waiting", limit: int = 100) -> list[Row]:
    """The approvals as rows, newest first; overdue ones are expired by now."""
    expire(hub)
    with hub.ledger.read() as tx:
        return [_row(one) for one in approvals.find(tx, state=state, limit=limit)]


def of_batch(hub: Hub, batch_id: str) -> list[Row]:
    """The questions about one batch, newest first."""
    with hub.ledger.read() as tx:
        return [_row(one) for one in approvals.find(tx, state=None, batch_id=batch_id)]


def shown(hub: Hub, approval_id: str) -> Row:
    """One approval with every operation in it: what would go where, and why; this opens sealed personal data."""
    plan = wished.plan_of(hub, approval_id)
    if plan is not None:
        return _shown_wish(hub, approval_id, plan)
    with hub.ledger.read() as tx:
        known = approvals.get(tx, approval_id)
        found = [pair for pair in gates.waiting(tx, known.batch_id) if pair[1].approval_id == known.id]
        held = contents.get(tx, [entry.id for entry, _ in found], "document", "decision")
    operations = [
        {
            "id": entry.id, "target": entry.target, "entity": entry.entity, "kind": entry.kind, "reference": entry.reference,
            "subject_ref": entry.subject_ref, "causes": one.causes.split(), "document": held[entry.id].document,
            "decision": (held[entry.id].decision or {}).get("kind"), "reason": (held[entry.id].decision or {}).get("reason"),
        }
        for entry, one in found
    ]  # fmt: skip
    # of what waits now: some of it may have been rolled back since it was asked
    return {**_row(known), "digest": digest(found), "operations_waiting": operations}


def _shown_wish(hub: Hub, approval_id: str, plan: Plan) -> Row:
    with hub.ledger.read() as tx:
        known = approvals.get(tx, approval_id)
    wish = plan.wish
    operations = [
        {
            **row,
            "kind": row["would"],
            "causes": [wish.verb],
            "document": None,
            "decision": None,
            "reason": None,
        }
        for row in plan.rows
    ]
    asked = {
        "verb": wish.verb, "asked_by": wish.asked_by, "reason": wish.reason, "number": wish.number, "batch": wish.batch_id,
        "subject_ref": wish.subject_ref, "outcome": wish.outcome, "done_at": wish.done_at,
        "changed": known.state == "waiting" and plan.digest != known.detail["digest"],
    }  # fmt: skip
    return {**_row(known), "digest": plan.digest, "operations_waiting": operations, "wanted": asked}


def approve(
    hub: Hub, approval_id: str, *, actor: str, how: str = "cli", note: str = "", seen: str | None = None
) -> Done:
    """Opens the gates; the operations go with the next push, or `send`.

    `seen` is the digest of what the person looked at. `LedgerError` APPROVAL_EXPIRED, APPROVAL_DECIDED, APPROVAL_CHANGED,
    APPROVAL_NOT_YOURS, APPROVAL_PASSKEY, APPROVAL_SAME_PERSON: then nothing changed. What somebody wished for is done by
    `trivet.flow.wishes.carry_out` afterwards.
    """
    return _decide(hub, approval_id, "approved", actor, how, note, seen)


def reject(
    hub: Hub, approval_id: str, *, actor: str, how: str = "cli", note: str = "", seen: str | None = None
) -> Done:
    """Cancels what waits; the same decision is not asked for again. Errors as for `approve`."""
    return _decide(hub, approval_id, "rejected", actor, how, note, seen)


def _decide(
    hub: Hub, approval_id: str, verdict: str, actor: str, how: str, note: str, seen: str | None
) -> Done:
    named(actor)
    expire(hub)
    plan = wished.plan_of(hub, approval_id)
    with hub.ledger.begin() as tx:
        known = approvals.get(tx, approval_id, lock=True)
        if known.state != "waiting":
            return _decided_before(known, verdict, actor)
        flow = hub.flow(known.flow)
        for name in known.detail.get("flows", [known.flow]):
            _may(tx, hub.flow(name), known, verdict, actor, how)
        if known.wish is not None:
            _same_wish(known, plan, verdict, actor, seen)
            approvals.decide(tx, known, verdict, actor=actor, how=how, note=note)
            return Done(
                True, f"{verdict} by {actor}: {known.wish} of {known.detail['operations']} operations"
            )
        found = [pair for pair in gates.waiting(tx, known.batch_id) if pair[1].approval_id == known.id]
        if seen is not None and not hmac.compare_digest(seen, digest(found)):
            raise _changed(known)
        entries = [entry for entry, _ in found]
        if verdict == "approved":
            _let_go(tx, flow, known, entries, actor)
        else:
            _cancel(tx, known, entries, actor)
        approvals.decide(tx, known, verdict, actor=actor, how=how, note=note)
        judge(tx, {entry.batch_id for entry in entries})
    return Done(True, f"{verdict} by {actor}: {len(entries)} operations of batch {known.batch_id}")


def _same_wish(known: Approval, plan: Plan | None, verdict: str, actor: str, seen: str | None) -> None:
    """Raises where a second person would approve something else than what the first one asked for, or is the first one."""
    if verdict != "approved":
        return
    now = plan.digest if plan else ""
    if plan is not None:
        approval.check(plan.wish.asked_by, actor)
    if now != known.detail["digest"]:
        raise LedgerError(
            "what it would do has changed since it was asked", code="APPROVAL_CHANGED", place=f"approval {known.id}",
            cure="reject it; who wants it looks again, and asks anew",
        )  # fmt: skip
    if seen is not None and not hmac.compare_digest(seen, now):
        raise _changed(known)


def _changed(known: Approval) -> LedgerError:
    return LedgerError(
        "what waits has changed since you looked", code="APPROVAL_CHANGED", place=f"approval {known.id}",
        cure="look at it again, then decide",
    )  # fmt: skip


def _may(tx: Transaction, flow: Flow, known: Approval, verdict: str, actor: str, how: str) -> None:
    place = f"approval {known.id}"
    policy = flow.policy.approval
    names = {name.strip().casefold() for name in policy.approvers}
    if names and actor.strip().casefold() not in names:
        raise LedgerError(
            f"{actor} is none of the approvers of flow {flow.name}", code="APPROVAL_NOT_YOURS", place=place,
            cure=f"ask one of {', '.join(policy.approvers)}; they stand in {flow.file.name}",
        )  # fmt: skip
    # judged by what was asked and by what the file says now, whichever is stricter
    if verdict == "approved" and (known.passkey or policy.passkey) and how != PASSKEY:
        raise LedgerError(
            "this flow wants the approval signed with your passkey", code="APPROVAL_PASSKEY", place=place,
            cure="approve on the page Approvals, on the device that holds your passkey",
        )  # fmt: skip
    if verdict == "approved" and "new_version" in known.causes:
        newest = releases.newest(tx, tenant=flow.tenant, flow=flow.name)
        if newest and newest.applied_by.strip().casefold() == actor.strip().casefold():
            raise LedgerError(
                f"{actor} applied release {newest.n} and cannot approve its first run", code="APPROVAL_SAME_PERSON",
                place=place, cure="somebody else has to approve",
            )  # fmt: skip


def _decided_before(known: Approval, verdict: str, actor: str) -> Done:
    if known.state == verdict and (known.decided_by or "").casefold() == actor.casefold():
        return Done(False, f"you {verdict} it at {(known.decided_at or '')[:16]}Z already")
    if known.state == "replaced":
        raise LedgerError(
            "nothing of it waits any more: it was decided anew, taken back, or is not wanted; nothing of it was sent",
            code="APPROVAL_DECIDED", place=f"approval {known.id}", cure="`trivet approvals list` shows what still waits",
        )  # fmt: skip
    if known.state == "expired":
        raise LedgerError(
            f"nobody answered until {known.expires_at[:16]}Z: it is expired, and nothing of it was sent",
            code="APPROVAL_EXPIRED", place=f"approval {known.id}",
            cure="what waited stays planned, and the next run asks anew",
        )  # fmt: skip
    raise LedgerError(
        f"it is {known.state}, by {known.decided_by}", code="APPROVAL_DECIDED", place=f"approval {known.id}",
        cure="`trivet approvals list` shows what still waits",
    )  # fmt: skip


def _let_go(
    tx: Transaction, flow: Flow, known: Approval, entries: Sequence[StoredOperation], actor: str
) -> None:
    gates.open_all(tx, [entry.id for entry in entries], actor)
    tx.events += [
        Event(
            entry.batch_id,
            entry.id,
            "APPROVED",
            entry.state,
            entry.state,
            actor=actor,
            note=f"approval {known.id}",
        )
        for entry in entries
    ]
    if "drift" in known.causes:
        shapes.accept(tx, tenant=flow.tenant, flow=flow.name, actor=actor)


def _cancel(tx: Transaction, known: Approval, entries: Sequence[StoredOperation], actor: str) -> None:
    told: dict[str, Any] = {
        "error_code": DECLINED,
        "error_text": f"rejected by {actor} (approval {known.id})",
        "due_at": None,
    }
    move(tx, entries, "cancelled", code=DECLINED, note=f"approval {known.id}", actor=actor, **told)


def send(hub: Hub, approval_id: str) -> list[Row]:
    """Sends what was approved, settles and verifies; one row a system."""
    with hub.ledger.read() as tx:
        known = approvals.get(tx, approval_id)
        batch = batches.get(tx, known.batch_id)
    flow = hub.flow(known.flow)
    rows: list[Row] = []
    for target in flow.targets():
        row: Row = {"target": target, "problem": None}
        try:
            done = deliver.push(hub, flow, batch, target)
            row |= (
                {"confirmed": done.confirmed, "refused": done.rejected, "left": done.left}
                if done
                else {"left": None}
            )
        except (ConnectorError, LedgerError) as error:
            row["problem"] = str(error)
        rows.append(row)
    troubles: list[TrivetError] = deliver.look_after(hub, flow, batch)
    return rows + [{"target": "", "problem": str(trouble)} for trouble in troubles]


def expire(hub: Hub) -> list[str]:
    """Ends the questions that nobody answered in time, and those of which nothing waits any more; their ids.

    What waits behind an expired one stays planned.
    """
    with hub.ledger.read() as tx:
        late = [one.id for one in approvals.find(tx) if one.expires_at <= tx.stamp]
    for name in late:
        with hub.ledger.begin() as tx:
            known = approvals.get(tx, name, lock=True)
            if known.state == "waiting":
                approvals.decide(tx, known, "expired", note="nobody answered in time")
    return late + follow(hub)


def remind(hub: Hub) -> list[Row]:
    """The questions of which somebody is to be told again now, each once: reminders, and escalations to somebody else.

    The ledger notes each (APPROVAL_REMINDED, APPROVAL_ESCALATED); how people hear of it is the caller's affair.
    """
    rows: list[Row] = []
    with hub.ledger.begin() as tx:
        for known in approvals.find(tx):
            for escalated, due in ((False, known.remind_at), (True, known.escalate_at)):
                if due is not None and due <= tx.stamp:
                    approvals.told(tx, known, escalated=escalated)
                    rows.append({**_row(known), "escalated": escalated})
    for row in rows:
        row["to"] = _to(hub, row)
    return rows


def _to(hub: Hub, row: Row) -> list[str]:
    try:
        policy = hub.flow(row["flow"]).policy.approval
    except ConfigError:
        return []  # its flow file is gone or broken: the question expires all the same
    return list(policy.escalate_to if row["escalated"] else policy.approvers)


def _row(known: Approval) -> Row:
    row = asdict(known)
    row["approval"] = row.pop("id")
    row["batch"] = row.pop("batch_id")
    detail = row.pop("detail")
    return {**row, "causes": list(known.causes), **detail}
