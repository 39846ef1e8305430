"""Rollbacks and corrected links that two people have to want: one asks, another approves, and it is done once.

    ask ─► approval (asked, reminded, escalated, expires) ─► approved by somebody else ─► carry out ─► done
                                                          ─► rejected, expired: nothing happened

What was approved and cut short by a kill goes on with `settle`. What would be done now and was not asked is not approved.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from trivet.delivery.compensate import Scope
from trivet.errors import ConnectorError, LedgerError
from trivet.flow import crosswalk, undoing
from trivet.flow.crosswalk import Correction
from trivet.flow.gates import approval, wished
from trivet.flow.gates.asking import terms
from trivet.flow.holding import named
from trivet.flow.hub import Hub
from trivet.ledger import approvals, wishes
from trivet.ledger.approvals import Approval
from trivet.ledger.audit import Event
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import batch, operation
from trivet.ledger.wishes import Verb, Wish

Row = dict[str, Any]


def ask(hub: Hub, verb: Verb, what: str, *, actor: str, reason: str, number: str | None = None) -> Approval:
    """The question to a second person; the open one where the same was asked before.

    `LedgerError` NOTHING_TO_UNDO where no system holds anything of it, REQUESTER_UNKNOWN where nobody asks, and what `link`
    and `unlink` refuse. Nothing is done yet.
    """
    named(actor)
    if verb == "rollback":
        scope = undoing.scope_of(hub, what)
    else:
        found = crosswalk.possible(hub, verb, Correction(what, number or "", actor, reason))
        scope = Scope(subject_ref=found.subject_ref)
    with hub.ledger.read() as tx:
        touched = _batches(tx, scope)
    if not touched:
        raise LedgerError(
            "no system holds anything of it", code="NOTHING_TO_UNDO", place=what, cure="there is nobody to ask: nothing is left"
        )  # fmt: skip
    # who answers for the newest of what is taken back answers for all of it, as far as the others let her
    flows = list(dict.fromkeys(row.flow for row in touched))
    flow = hub.flow(flows[0])
    wanted = Wish("", flow.tenant, verb, scope.batch_id, scope.subject_ref, number, actor, reason.strip())
    plan = wished.plan(hub, wanted)
    detail: Row = {
        "wish": verb,
        "operations": len(plan.rows),
        "people": len({row["subject_ref"] for row in plan.rows if row["subject_ref"]}),
        "systems": dict(sorted(Counter(f"{row['target']} {row['entity']}" for row in plan.rows).items())),
        "digest": plan.digest,
        "flows": flows,
    }
    with hub.ledger.begin() as tx:
        for known in wishes.waiting(tx, verb, scope.batch_id, scope.subject_ref):
            asked = approvals.get(tx, known.approval_id)
            if known.number == number and asked.detail["digest"] == plan.digest:
                return asked
        strict = any(hub.flow(name).policy.approval.passkey for name in flows)
        opened = approvals.ask(
            tx, tenant=flow.tenant, flow=flow.name, batch_id=touched[0].id, causes=[verb], detail=detail,
            terms=replace(terms(flow), passkey=strict), actor=actor,
        )  # fmt: skip
        wishes.put(tx, replace(wanted, approval_id=opened.id))
    return opened


def _batches(tx: Transaction, scope: Scope) -> list[Any]:
    """The batches of what is taken back, newest first; those of production before others."""
    query = (
        select(batch.c.id, batch.c.flow, batch.c.environment, batch.c.opened_at)
        .join(operation, operation.c.batch_id == batch.c.id)
        .where(scope.condition())
        .distinct()
        .order_by(batch.c.opened_at.desc(), batch.c.id)
    )
    rows = list(tx.conn.execute(query))
    return sorted(rows, key=lambda row: row.environment != approval.PRODUCTION)


def carry_out(hub: Hub, approval_id: str) -> list[Row]:
    """Does what was approved, once, however often it is asked for; what became of each operation.

    A `LedgerError` is what it came to; with a `ConnectorError` `settle` tries again.
    """
    with hub.ledger.begin() as tx:
        known = wishes.get(tx, approval_id)
        if known is None or not wishes.begin(tx, approval_id):
            return []
        second = approvals.get(tx, approval_id).decided_by
    try:
        rows = _done(hub, known, second)
    except ConnectorError:
        raise
    except LedgerError as error:
        _end(hub, known, error.code)
        raise
    _end(hub, known, "left" if undoing.left(rows) else "done")
    return rows


def _done(hub: Hub, known: Wish, second: str | None) -> list[Row]:
    if known.verb == "rollback":
        what = str(known.batch_id or known.subject_ref)
        return undoing.rollback(
            hub, what, actor=known.asked_by, reason=known.reason, approved_by=second, four_eyes=True
        )
    said = Correction(str(known.subject_ref), known.number or "", known.asked_by, known.reason, second)
    # whoever answers for it is two people, also where nothing has to be taken back any more
    approval.check(known.asked_by, second)
    return (crosswalk.link if known.verb == "link" else crosswalk.unlink)(hub, said)


def _end(hub: Hub, known: Wish, outcome: str) -> None:
    with hub.ledger.begin() as tx:
        wishes.end(tx, known.approval_id, outcome)
        chain = approvals.get(tx, known.approval_id).batch_id
        tx.events.append(
            Event(
                chain, known.approval_id, "WISH_DONE", actor=known.asked_by, note=f"{known.verb}: {outcome}"
            )
        )


def resume(hub: Hub) -> list[str]:
    """Goes on with what was approved and cut short; the approvals."""
    with hub.ledger.read() as tx:
        names = wishes.left(tx)
    for name in names:
        try:
            carry_out(hub, name)
        except (ConnectorError, LedgerError):
            continue  # said in the wish, or tried again with the next look
    return names
