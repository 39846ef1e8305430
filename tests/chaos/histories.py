"""Histories for the simulation: what Hypothesis draws, and how it is lived through."""

from dataclasses import dataclass
from typing import Any

from chaos.world import Clock, Crashes, World, check
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from trivet.contract import TargetTraits
from trivet.delivery.compensate import Scope
from trivet.ledger import Ledger
from trivet.model import Document

QUIET = 30.0
KEYS = [("sf", "ann", "goal"), ("sf", "ann", "last"), ("sf", "bob", "goal"), ("k3", "ann", "goal")]
FAULTS = st.sampled_from(
    [
        "none", "none", "lost_before", "lost_after", "late", "twice", "twice_late", "retryable", "limited", "auth",
        "bug", "crash_before", "crash_after", "accepted", "one_lost", "one_busy",
    ]
)  # fmt: skip
DOCUMENTS = st.dictionaries(
    st.sampled_from(KEYS),
    st.sampled_from(
        [{"value": 1}, {"value": 1}, {"value": 2}, {"value": 3, "more": "x"}, {"bad": True}, None]
    ),
    max_size=4,
)
STEPS = st.one_of(
    st.tuples(st.just("night"), DOCUMENTS, st.booleans()),
    st.tuples(st.just("settle")),
    st.tuples(st.just("wait"), st.sampled_from([5, 40, 400])),
    st.tuples(st.just("undo batch")),
    st.tuples(st.just("undo person"), st.sampled_from(["ann", "bob"])),
    st.tuples(st.just("edit"), st.sampled_from(["sf", "k3"])),
    st.tuples(st.just("decide")),
)
_HOW: dict[str, st.SearchStrategy[Any]] = {
    "max_ops": st.sampled_from([1, 2, 10]),
    "quiet_seconds": st.just(QUIET),
    "deletes": st.sampled_from([True, True, True, False]),
    "updates": st.sampled_from([True, True, True, False]),
}
TRAITS = st.one_of(
    st.builds(
        TargetTraits,
        asked_by=st.sampled_from(
            ["unique_reference", "searchable_reference", "searchable_reference", "nothing"]
        ),
        **_HOW,
    ),
    st.builds(TargetTraits, asked_by=st.just("nothing"), repeatable=st.just(True), **_HOW),
)


@dataclass(frozen=True)
class History:
    """What happens, in order."""

    first: int
    """How many records the first night has; with the fourth, and never without, comes the second target."""
    steps: list[tuple[Any, ...]]
    crashes: list[int]
    commits: list[int]
    sleeps: list[int]
    traits: tuple[TargetTraits, TargetTraits]
    faults: tuple[list[Any], list[Any]]
    atomic: Any
    share: float
    too_many: Any
    cap: int | None
    decides: bool


_ANY: dict[str, st.SearchStrategy[Any]] = {
    "first": st.sampled_from([1, 1, 1, 2, 2, 3, 4]),
    "steps": st.lists(STEPS, max_size=2),
    "crashes": st.lists(st.integers(1, 25), max_size=2),
    "commits": st.lists(st.integers(1, 40), max_size=1),
    "sleeps": st.one_of(st.just([]), st.just([]), st.lists(st.integers(1, 12), max_size=1)),
    "traits": st.tuples(TRAITS, TRAITS),
    "faults": st.tuples(st.lists(FAULTS, max_size=5), st.lists(FAULTS, max_size=3)),
    "atomic": st.sampled_from(["person", "batch", "independent"]),
    "share": st.sampled_from([1.0, 1.0, 0.4]),
    "too_many": st.sampled_from(["hold", "roll_back"]),
    "cap": st.sampled_from([None, None, None, 1]),
    "decides": st.booleans(),
}
HISTORIES = st.builds(History, **_ANY)


def about(**fixed: Any) -> st.SearchStrategy[History]:
    """Histories that circle around one thing: what is given is fixed, what else may happen is drawn."""
    return st.builds(History, **(_ANY | {name: st.just(value) for name, value in fixed.items()}))


def world_of(ledger: Ledger, history: History) -> World:
    """The world in which it happens."""
    clock = ledger.now
    assert isinstance(clock, Clock)
    names = ("sf", "k3") if history.first == len(KEYS) else ("sf",)
    return World(
        ledger=ledger,
        clock=clock,
        traits=dict(zip(names, history.traits, strict=False)),
        faults=dict(zip(("sf", "k3"), history.faults, strict=True)),
        atomic=history.atomic,
        max_failed_share=history.share,
        too_many=history.too_many,
        cap=history.cap,
        crashes=Crashes(history.crashes, history.commits, history.sleeps),
    )


def judge(ledger: Ledger, history: History) -> World:
    """Lives through it, lets the world come to rest, and checks what is left."""
    world = world_of(ledger, history)
    world.survive(lambda: world.night(_first(history), close=False))
    for step in history.steps:
        _live(world, step)
    world.drain()
    check(world)
    for last in (False, False, True) if history.decides else ():
        if world.stuck():
            world.survive(lambda last=last: world.decide(finally_=last))  # type: ignore[misc]
            world.drain()
            check(world)
    return world


def _first(history: History) -> dict[tuple[str, str, str], Document | None]:
    return {key: {"value": 1} for key in KEYS[: history.first]}


def _live(world: World, step: tuple[Any, ...]) -> None:
    match step:
        case ("night", documents, close):
            known = {
                key: document for key, document in documents.items() if world.id(key[0]) in world.targets
            }
            world.survive(lambda: world.night(known, close=close))
        case ("settle",):
            world.survive(world.settle)
        case ("wait", seconds):
            world.clock.advance(seconds)
        case ("undo batch",) if world.batch_id:
            world.survive(lambda: world.take_back(Scope(batch_id=world.batch_id)))
        case ("undo person", name):
            world.survive(lambda: world.take_back(Scope(subject_ref=f"{world.tenant}-{name}")))
        case ("edit", name) if world.id(name) in world.targets:
            world.edit(name)
        case ("decide",):
            world.survive(world.decide)


def live_all(
    judged: Any, first: int, many: int, *, of: st.SearchStrategy[History] = HISTORIES, shrink: bool = True
) -> None:
    """Draws `many` histories from this seed; the first that breaks a promise is made small and raised."""
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    how = settings(
        max_examples=many, deadline=None, database=None, phases=phases, suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )  # fmt: skip

    @how
    @seed(first)
    @given(history=of)
    def one(history: History) -> None:
        judged(history)

    one()
