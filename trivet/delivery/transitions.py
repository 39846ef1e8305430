"""Moves operations along legal edges: state, columns and audit event in one transaction."""

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

from trivet.delivery.states import FLYING, OPERATION, UNSENT, check_edge
from trivet.ledger import cases, operations
from trivet.ledger.audit import ENGINE, Event
from trivet.ledger.ledger import Transaction
from trivet.ledger.operations import StoredOperation


def move(
    tx: Transaction,
    entries: Sequence[StoredOperation],
    to: str,
    *,
    code: str = "",
    note: str = "",
    actor: str = ENGINE,
    was: str | None = None,
    fence: int | None = None,
    each: Mapping[str, Sequence[Any]] | None = None,
    **shared: Any,
) -> None:
    """Moves all of them or none; `each` holds columns with a value per entry, `shared` columns with one for all.

    The entries are as the caller read them, but for the state where `was` says it; a row that moved since is
    STATE_CHANGED. A column `error_code` gives the events their codes.
    """
    states = [was or entry.state for entry in entries]
    for before in set(states):
        check_edge(OPERATION, before, to)
    each = each or {}
    operations.write(tx, [entry.id for entry in entries], states, each, {"state": to, **shared})
    codes = each.get("error_code", repeat(code))
    tx.events += [
        Event(entry.batch_id, entry.id, said or code, before, to, actor, note, fence)
        for entry, before, said in zip(entries, states, codes)  # noqa: B905 - repeat() ends never
    ]


def never_done(tx: Transaction, entries: Sequence[StoredOperation], due_at: str) -> None:
    """What a target took over and did not finish in its time is in doubt, and is looked for from `due_at` on."""
    said: dict[str, Any] = {
        "error_code": "ACCEPTED_TIMEOUT",
        "error_text": "the target took it over and did not finish it in time",
    }
    move(tx, entries, "unknown", code="ACCEPTED_TIMEOUT", due_at=due_at, **said)


def get_stuck(
    tx: Transaction,
    entries: Sequence[StoredOperation],
    code: str,
    message: str,
    *,
    was: str | None = None,
    applied_from: str | None = None,
) -> None:
    """A person has to decide on each of these; `applied_from` is the state that tells what may be at the target."""
    each = {"stuck_from": [applied_from or was or entry.state for entry in entries]}
    told: dict[str, Any] = {"error_code": code, "error_text": message, "due_at": None}
    move(tx, entries, "stuck", code=code, was=was, each=each, **told)
    new = [
        cases.NewCase(
            tenant=entry.tenant,
            code=code,
            message=message,
            batch_id=entry.batch_id,
            operation_id=entry.id,
            target=entry.target,
            subject_ref=entry.subject_ref,
        )
        for entry in entries
    ]
    cases.open_many(tx, new)


def ask_back(
    tx: Transaction,
    entries: Sequence[StoredOperation],
    reason: str,
    *,
    actor: str = ENGINE,
    note: str = "",
) -> None:
    """Wishes that these have no effect: what was not sent is cancelled, what is confirmed is to be taken back.

    What is under way keeps the wish (`undo_reason`) and follows it as soon as its outcome is known (`follow`).
    """
    wish: dict[str, Any] = {"undo_reason": reason, "due_at": None}
    never = [entry for entry in entries if entry.state in UNSENT or _without_effect(entry)]
    move(tx, never, "cancelled", code=reason, actor=actor, note=note, **wish)
    for entry in never:
        if entry.state == "stuck":
            cases.close_for(tx, entry.id, decision="cancelled", actor=actor, note=reason)
    done = [entry for entry in entries if entry.state == "confirmed"]
    move(tx, done, "comp_planned", code=reason, actor=actor, note=note, failures=0, **wish)
    flying = [entry for entry in entries if entry.state in FLYING and not entry.undo_reason]
    states = [entry.state for entry in flying]
    operations.write(tx, [entry.id for entry in flying], states, {}, {"undo_reason": reason})
    tx.events += [Event(entry.batch_id, entry.id, reason, actor=actor, note=note) for entry in flying]


def _without_effect(entry: StoredOperation) -> bool:
    return entry.state == "stuck" and entry.stuck_from == "planned"


def follow(tx: Transaction, ids: Sequence[str]) -> None:
    """Of the operations whose outcome just became known, takes back what was wished away meanwhile.

    What is planned again though a newer revision is planned too is superseded by it.
    """
    # after the moves: from here on nobody can add a wish before the commit
    now = operations.unfinished(tx, ids)
    wished: dict[str, list[StoredOperation]] = {}
    for entry in now:
        if entry.undo_reason and entry.state in {"planned", "confirmed"}:
            wished.setdefault(entry.undo_reason, []).append(entry)
    for reason, those in wished.items():
        ask_back(tx, those, reason)
    _yield_to_newer(tx, [entry for entry in now if entry.state == "planned" and not entry.undo_reason])


def _yield_to_newer(tx: Transaction, again: Sequence[StoredOperation]) -> None:
    known = operations.by_reference(tx, {entry.reference for entry in again}, lock=True)
    overtaken = [
        entry
        for entry in again
        if any(o.revision > entry.revision and o.state == "planned" for o in known[entry.reference])
    ]
    move(tx, overtaken, "superseded", code="REPLACED", due_at=None)
