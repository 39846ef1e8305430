"""Thousands of small histories with crashes and vendor faults; after each, the invariants hold."""

import os
from collections.abc import Iterator

import pytest
from chaos.databases import emptied
from chaos.fixtures import cluster
from chaos.world import Clock, Crashes, World, check
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trivet.contract import TargetTraits
from trivet.delivery.compensate import Scope
from trivet.ledger import Ledger, audit, open_ledger

__all__ = ["cluster"]
EXAMPLES = int(os.environ.get("TRIVET_CHAOS_EXAMPLES", "1000"))
QUIET = 30.0
KEYS = [
    ("sf", "ann", "goal"),
    ("sf", "ann", "last"),
    ("k3", "ann", "goal"),
    ("sf", "bob", "goal"),
    ("k3", "bob", "goal"),
]
FAULTS = st.sampled_from(
    [
        "none",
        "none",
        "lost_before",
        "lost_after",
        "late",
        "twice",
        "twice_late",
        "retryable",
        "limited",
        "auth",
        "bug",
        "crash_before",
        "crash_after",
        "accepted",
        "one_lost",
        "one_busy",
    ]
)
DOCUMENTS = st.dictionaries(
    st.sampled_from(KEYS),
    st.sampled_from(
        [{"value": 1}, {"value": 1}, {"value": 2}, {"value": 3, "more": "x"}, {"bad": True}, None]
    ),
    max_size=5,
)
STEPS = st.one_of(
    st.tuples(st.just("night"), DOCUMENTS, st.booleans()),
    st.tuples(st.just("settle")),
    st.tuples(st.just("wait"), st.sampled_from([5, 40, 400])),
    st.tuples(st.just("undo batch")),
    st.tuples(st.just("undo person"), st.sampled_from(["ann", "bob"])),
    st.tuples(st.just("edit"), st.sampled_from(["sf", "k3"])),
)
TRAITS = st.builds(
    TargetTraits,
    asked_by=st.sampled_from(["unique_reference", "searchable_reference"]),
    max_ops=st.sampled_from([1, 2, 10]),
    quiet_seconds=st.just(QUIET),
    deletes=st.just(True),
)


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """One ledger for all histories; each has names of its own."""
    state = tmp_path_factory.mktemp("ledger")
    opened = open_ledger(f"sqlite:///{state}/ledger.db", state, now=Clock(), environ={})
    conn = opened.engine.raw_connection()
    conn.cursor().execute("PRAGMA synchronous = OFF")  # power cuts are not simulated here
    conn.close()
    yield opened
    close(opened)


@pytest.fixture(scope="module")
def postgresql(cluster: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """The same on PostgreSQL."""
    with emptied(cluster, tmp_path_factory.mktemp("ledger"), Clock()) as opened:
        yield opened
        close(opened)


def close(ledger: Ledger) -> None:
    """After all histories every audit chain holds."""
    with ledger.read() as tx:
        assert audit.verify(tx.conn, ledger.audit_key) == []
    ledger.close()


def live_through(world: World, steps: list[tuple[object, ...]]) -> None:
    """Runs the steps, each in a process that may die, then lets the world come to rest."""
    for step in steps:
        match step:
            case ("night", documents, close):
                world.survive(lambda documents=documents, close=close: world.night(documents, close=close))
            case ("settle",):
                world.survive(world.settle)
            case ("wait", seconds):
                world.clock.advance(seconds)
            case ("undo batch",) if world.batch_id:
                world.survive(lambda: world.take_back(Scope(batch_id=world.batch_id)))
            case ("undo person", name):
                scope = Scope(subject_ref=f"{world.tenant}-{name}")
                world.survive(lambda scope=scope: world.take_back(scope))
            case ("edit", name):
                world.edit(name)
    world.drain()


HISTORIES = given(
    steps=st.lists(STEPS, min_size=1, max_size=5),
    crashes=st.lists(st.integers(1, 25), max_size=3),
    traits=st.tuples(TRAITS, TRAITS),
    faults=st.tuples(st.lists(FAULTS, max_size=6), st.lists(FAULTS, max_size=3)),
    atomic=st.sampled_from(["person", "batch", "independent"]),
)


def how_many(examples: int) -> settings:
    """The same histories every time; a failing one is made small, which may take a while."""
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
    )


def judge(ledger, steps, crashes, traits, faults, atomic):
    """Lives through one history and checks what is left."""
    world = World(
        ledger=ledger,
        clock=ledger.now,
        traits=dict(zip(("sf", "k3"), traits, strict=True)),
        faults=dict(zip(("sf", "k3"), faults, strict=True)),
        atomic=atomic,
        crashes=Crashes(crashes),
    )
    live_through(world, [("night", {key: {"value": 1} for key in KEYS[:3]}, False), *steps])
    check(world)


@pytest.mark.timeout(900)
@how_many(EXAMPLES)
@HISTORIES
def test_no_history_breaks_an_invariant(sqlite, steps, crashes, traits, faults, atomic):
    """Whatever crashes, is lost, doubled, late, refused or edited: nothing is lost, twice or left behind."""
    judge(sqlite, steps, crashes, traits, faults, atomic)


@pytest.mark.timeout(900)
@how_many(EXAMPLES // 20)
@HISTORIES
def test_no_history_breaks_an_invariant_on_postgresql(postgresql, steps, crashes, traits, faults, atomic):
    """The same promises on the other database."""
    judge(postgresql, steps, crashes, traits, faults, atomic)
