"""Engines that break one rule each; the rig has to see it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from trivet.contract import TargetTraits
from trivet.delivery import again, exchange, keys, policies, sending, undo
from trivet.delivery.exchange import FORWARD
from trivet.delivery.transitions import follow, move
from trivet.errors import Rejected, Retryable, UnknownOutcome
from trivet.ledger import contents
from trivet.ledger.times import stamp
from trivet.model import Confirmed, Outcome

Patches = Sequence[tuple[str, Any]]
D = "trivet.delivery"


def _nothing(*_args: object, **_how: object) -> None:
    """Does nothing."""


def _intend_late() -> Patches:
    """The intent is noted with the outcome, after the sending."""

    def record(work: Any, tx: Any, entries: Any, answer: Any, phase: Any) -> Any:
        exchange_intend(work, tx, entries, phase)
        return exchange_record(work, tx, entries, answer, phase)

    exchange_intend, exchange_record = exchange.intend, exchange.record
    return [(f"{D}.forward.intend", _nothing), (f"{D}.forward.record", record)]


def _confirm_first() -> Patches:
    """The ledger says confirmed before anything is sent; what is refused or lost later is not written down."""

    def intend(work: Any, tx: Any, entries: Any, phase: Any) -> None:
        original(work, tx, entries, phase)
        if phase is FORWARD:
            done = sending.Answer([Confirmed(None)] * len(entries), answered=True)
            exchange_record(work, tx, entries, done, phase)

    def record(*_args: object) -> list[Any]:
        return []

    original, exchange_record = exchange.intend, exchange.record
    return [(f"{D}.forward.intend", intend), (f"{D}.forward.record", record)]


def _said(change: Callable[[Outcome], Outcome]) -> Patches:
    """The outcomes of vendor requests are taken for others."""

    def send(target: Any, wanted: Any) -> Any:
        answer = original(target, wanted)
        changed = [change(outcome) for outcome in answer.outcomes]
        return sending.Answer(changed, answer.stop, answer.bug)

    original = sending.send
    return [(f"{D}.sending.send", send)]


def _unreadable_is_fine(outcome: Outcome) -> Outcome:
    return Confirmed(None) if isinstance(outcome, UnknownOutcome) else outcome


def _refusal_is_busy(outcome: Outcome) -> Outcome:
    if isinstance(outcome, Rejected):
        return Retryable("again", connector="fake", operation="send")
    return outcome


def _lost_is_unsent(outcome: Outcome) -> Outcome:
    if isinstance(outcome, UnknownOutcome):
        return Retryable("again", connector="fake", operation="send")
    return outcome


def _hasty() -> Patches:
    return [(f"{D}.work.Work.quiet_until", lambda self, now: stamp(now))]


def _unasked(entry: Any, known: Any, rows: Any) -> str:
    return "absent"


def _always_again() -> Patches:
    """Every target is taken for one that may be sent the same again."""

    def repeat(work: Any, due: Any) -> Any:
        work.traits = replace(work.traits, repeatable=True)
        return original(work, due)

    original = again.repeat
    return [(f"{D}.settle.repeat", repeat)]


def _planned_again() -> Patches:
    """What is in doubt becomes planned, where a newer revision may take its place."""

    def repeat(work: Any, due: Any) -> Any:
        with work.write() as tx:
            move(tx, due, "planned", code="AGAIN", due_at=None)
            follow(tx, [entry.id for entry in due])
        work.counts["resend"] += len(due)
        return []

    return [(f"{D}.settle.repeat", repeat)]


def _uuid_reference() -> Patches:
    def reference(*parts: str) -> str:
        return (
            original(*parts, uuid4().hex) if len(parts) < 4 else original(*parts[:3], parts[3] + uuid4().hex)
        )

    original = keys.record_reference
    return [(f"{D}.plan.record_reference", reference)]


def _wave(work: Any) -> list[Any]:
    """Whatever is planned, the oldest revision first."""
    with work.ledger.read() as tx:
        planned = work.at(tx, "comp_planned")
        ready = [entry for entry in planned if not entry.due_at or entry.due_at <= tx.stamp]
    first: dict[str, Any] = {}
    for entry in sorted(ready, key=lambda entry: entry.revision):
        first.setdefault(entry.reference, entry)
    return list(first.values())


def _overwrite() -> Patches:
    """Takes back whatever is there now."""

    def step(entry: Any, known: Any, rows: Any) -> Any:
        made = original(entry, known, rows)
        if made.verdict == "TARGET_CHANGED_SINCE" and len(rows) == 1:
            ours = [rows[0].__class__(rows[0].remote_id, known.document or {})]
            return original(entry, known, ours)
        return made

    original = undo._step
    return [(f"{D}.undo._step", step)]


def _newest() -> Patches:
    return [(f"{D}.repair._age", lambda row: tuple(-int(part) for part in row.remote_id[1:].split()))]


def _leave_doubles() -> Patches:
    places = ("forward", "settle", "verify", "undo")
    return [(f"{D}.{module}.keep_oldest", lambda work, entry, rows: True) for module in places]


def _no_before_image() -> Patches:
    def put(tx: Any, column: str, documents: Mapping[str, Any]) -> None:
        if column != "before":
            original(tx, column, documents)

    original = contents.put
    return [("trivet.ledger.contents.put", put)]


def _no_pause() -> Patches:
    return [(f"{D}.exchange._until", lambda work, tx, outcome: tx.stamp), (f"{D}.breaker.note", _nothing)]


def _everybody(tx: Any, batch: Any, cap: int, since: Any) -> set[str]:
    return policies_allowed(tx, batch, 10_000, since)


policies_allowed = policies.allowed_people

_CALM = {"crashes": [], "commits": [], "sleeps": [], "share": 1.0, "cap": None, "decides": False}
_MUTE = TargetTraits(asked_by="nothing", max_ops=1, quiet_seconds=30, deletes=False)
_PUT = replace(_MUTE, repeatable=True)
_ABLE = TargetTraits(asked_by="searchable_reference", max_ops=1, quiet_seconds=30, deletes=True)
_CHANGE = ("night", {("sf", "ann", "goal"): {"value": 2}}, True)
_UNDO = ("undo person", "ann")
_SPOILT = ("night", {("sf", "ann", "goal"): {"bad": True}}, False)


def _theme(*steps: tuple[Any, ...], faults: Sequence[str] = (), **more: Any) -> dict[str, Any]:
    """One target that can do everything, these steps, these faults at its first requests, nothing else."""
    given = {"steps": list(steps), "faults": (list(faults), []), "traits": (_ABLE, _ABLE)}
    return {"first": 2, **_CALM, **given, **more}


@dataclass(frozen=True)
class Mutant:
    """How the rule is broken, and around what the histories circle in which that shows; without a theme, all of them."""

    patches: Callable[[], Patches]
    theme: Mapping[str, Any] = field(default_factory=dict)


MUTANTS: dict[str, Mutant] = {
    "the intent is not committed before sending": Mutant(_intend_late),
    "confirmed before it is sent": Mutant(_confirm_first),
    "no quiet time before asking": Mutant(_hasty, _theme(("settle",), faults=["late"])),
    "no second look": Mutant(lambda: [("chaos.world.second_look", _nothing)]),
    "the fence is not checked": Mutant(
        lambda: [("trivet.ledger.leases.renew", _nothing)], _theme(faults=["limited"], sleeps=[1])
    ),
    "a random part in the reference": Mutant(_uuid_reference, _theme(_CHANGE)),
    "sent again without asking": Mutant(
        lambda: [(f"{D}.settle._verdict", _unasked)], _theme(faults=["lost_after"])
    ),
    "sent again where nothing can be asked": Mutant(_always_again, _theme(faults=["lost_after"], traits=(_MUTE, _MUTE))),
    "what may be sent again is planned again": Mutant(
        _planned_again, _theme(_SPOILT, ("wait", 40), ("settle",), _SPOILT, first=1, faults=["lost_after"], traits=(_PUT, _PUT))
    ),
    "a lost answer counts as not sent": Mutant(lambda: _said(_lost_is_unsent), _theme(faults=["lost_after"])),
    "an unreadable answer counts as confirmed": Mutant(
        lambda: _said(_unreadable_is_fine), _theme(faults=["lost_before"])
    ),
    "a refusal is tried again": Mutant(lambda: _said(_refusal_is_busy)),
    "the oldest revision is taken back first": Mutant(lambda: [(f"{D}.undo._wave", _wave)], _theme(_CHANGE, _UNDO)),
    "a person's later change is overwritten": Mutant(_overwrite, _theme(("edit", "sf"), _UNDO)),
    "of doubles the newest is kept": Mutant(_newest, _theme(faults=["twice"])),
    "doubles are left alone": Mutant(_leave_doubles, _theme(faults=["twice"])),
    "a wish to take back is forgotten": Mutant(
        lambda: [(f"{D}.exchange.follow", _nothing), (f"{D}.settle.follow", _nothing)],
        _theme(_UNDO, faults=["lost_after"]),
    ),
    "siblings of what is refused stay": Mutant(
        lambda: [(f"{D}.policies.refused", _nothing)],
        _theme(("night", {("sf", "ann", "last"): {"bad": True}, ("sf", "ann", "goal"): {"value": 2}}, True), atomic="person"),
    ),
    "no before-image is kept": Mutant(_no_before_image, _theme(_CHANGE, _UNDO)),
    "a pause that is asked for is not kept": Mutant(_no_pause, _theme(("settle",), _CHANGE, faults=["limited"])),
    "more people than the cap allows": Mutant(
        lambda: [(f"{D}.policies.allowed_people", _everybody)], _theme(first=3, cap=1)
    ),
    "too many refusals do not hold the batch": Mutant(
        lambda: [(f"{D}.policies.held", lambda work, tx: False)],
        _theme(
            ("night", {("sf", "ann", "goal"): {"bad": True}, ("sf", "ann", "last"): {"value": 2}}, True),
            first=1, share=0.2, atomic="independent",
        ),
    ),
}  # fmt: skip


@contextmanager
def broken(name: str) -> Iterator[None]:
    """The engine without that rule; fails where the engine has no such place any more."""
    with ExitStack() as stack:
        for place, instead in MUTANTS[name].patches():
            stack.enter_context(patch(place, instead))
        yield
