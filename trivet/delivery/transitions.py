"""Moves operations along legal edges: state, columns and audit event in one transaction."""

from collections.abc import Mapping, Sequence
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
    each: Mapping[str, Mapping[str, Any]] | None = None,
    **common: Any,
) -> None:
    """Moves all of them or none; `each` holds columns by operation id (the same for all), `common` for all alike.

    The entries are as the caller read them in this transaction; a row that moved since is STATE_CHANGED.
    """
    changes: dict[str, dict[str, Any]] = {}
    for entry in entries:
        check_edge(OPERATION, entry.state, to)
        changes[entry.id] = {"state": to, **common, **(each[entry.id] if each else {})}
    operations.write(tx, changes, states={entry.id: entry.state for entry in entries})
    tx.events += [
        Event(
            entry.batch_id,
            entry.id,
            changes[entry.id].get("error_code") or code,
            entry.state,
            to,
            actor=actor,
            note=note,
        )
        for entry in entries
    ]


def get_stuck(
    tx: Transaction,
    entries: Sequence[StoredOperation],
    code: str,
    message: str,
    *,
    applied_from: str | None = None,
) -> None:
    """A person has to decide on each of these; `applied_from` is the state that tells what may be at the target."""
    each = {entry.id: {"stuck_from": applied_from or entry.state} for entry in entries}
    move(tx, entries, "stuck", code=code, each=each, error_code=code, error_text=message, due_at=None)
    cases.open_many(
        tx,
        [
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
        ],
    )


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
    never = [
        entry
        for entry in entries
        if entry.state in UNSENT or (entry.state, entry.stuck_from) == ("stuck", "planned")
    ]
    wish: dict[str, Any] = {"undo_reason": reason, "due_at": None}
    move(tx, never, "cancelled", code=reason, actor=actor, note=note, **wish)
    for entry in never:
        if entry.state == "stuck":
            cases.close_for(tx, entry.id, decision="cancelled", actor=actor, note=reason)
    done = [entry for entry in entries if entry.state == "confirmed"]
    move(tx, done, "comp_planned", code=reason, actor=actor, note=note, failures=0, **wish)
    flying = [entry for entry in entries if entry.state in FLYING and not entry.undo_reason]
    changes = {entry.id: {"undo_reason": reason} for entry in flying}
    operations.write(tx, changes, states={entry.id: entry.state for entry in flying})
    tx.events += [Event(entry.batch_id, entry.id, reason, actor=actor, note=note) for entry in flying]


def follow(tx: Transaction, ids: Sequence[str]) -> None:
    """Of the operations whose outcome just became known, takes back those that somebody wished away meanwhile."""
    wished: dict[str, list[StoredOperation]] = {}
    for entry in operations.by_ids(tx, ids, lock=True).values():
        if entry.undo_reason and entry.state in {"planned", "confirmed"}:
            wished.setdefault(entry.undo_reason, []).append(entry)
    for reason, entries in wished.items():
        ask_back(tx, entries, reason)
