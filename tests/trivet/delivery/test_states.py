"""The tables of legal edges, checked as a model."""

import itertools

import pytest

from trivet.delivery.states import (
    BATCH,
    BATCH_RESTING,
    BLOCKING,
    FLYING,
    INITIAL,
    OPERATION,
    RESTING,
    TAKING_BACK,
    UNSENT,
    batch_state,
    check_edge,
)
from trivet.errors import LedgerError
from trivet.ledger.tables import BATCH_STATES, OPERATION_STATES


def reachable(table: dict[str, frozenset[str]], start: set[str]) -> set[str]:
    """Every state that can be got to."""
    found, front = set(start), set(start)
    while front:
        front = {after for state in front for after in table[state]} - found
        found |= front
    return found


def test_every_operation_state_can_be_reached() -> None:
    """No state stands in the table for nothing, and the database knows the same ones."""
    assert reachable(dict(OPERATION), set(INITIAL)) == set(OPERATION) == set(OPERATION_STATES)


def test_every_operation_can_come_to_rest() -> None:
    """From everywhere a resting state can be reached; only the terminal ones have no way out."""
    for state in OPERATION:
        assert reachable(dict(OPERATION), {state}) & RESTING, state
    dead_ends = {state for state, after in OPERATION.items() if not after}
    assert dead_ends == {"superseded", "cancelled", "written_off"}


def test_what_was_sent_never_becomes_as_if_never_sent() -> None:
    """An effect that is possible cannot be cancelled or superseded; it must be settled or taken back."""
    for state in FLYING | TAKING_BACK | {"confirmed"}:
        assert not OPERATION[state] & {"cancelled", "superseded", "waiting_identity"}


def test_nothing_is_sent_without_intent() -> None:
    """Only `intent` leads to an outcome of sending, only `comp_intent` to one of taking back."""
    assert {state for state, after in OPERATION.items() if "accepted" in after} == {"intent"}
    assert {state for state, after in OPERATION.items() if "rejected" in after} == {"intent", "accepted"}
    assert {state for state, after in OPERATION.items() if "comp_unknown" in after} == {"comp_intent"}
    assert {state for state, after in OPERATION.items() if "intent" in after} == {"planned", "unknown"}


def test_what_is_in_doubt_is_sent_again_with_a_new_intent_only() -> None:
    """An unknown is asked for and planned, or, where the same may be sent again, its intent is noted once more."""
    assert OPERATION["unknown"] & {"intent", "planned"} == {"intent", "planned"}
    assert "comp_intent" not in OPERATION["comp_unknown"]


def test_the_groups_of_states_cover_all() -> None:
    """Each state rests, waits, flies, is taken back, or is stuck."""
    assert RESTING | UNSENT | FLYING | TAKING_BACK | {"stuck"} == set(OPERATION)
    assert FLYING | TAKING_BACK | {"stuck"} == BLOCKING


@pytest.mark.parametrize(("before", "after"), list(itertools.product(OPERATION, OPERATION)))
def test_an_illegal_edge_raises(before: str, after: str) -> None:
    """The table is the law."""
    if after in OPERATION[before]:
        check_edge(OPERATION, before, after)
        return
    with pytest.raises(LedgerError) as caught:
        check_edge(OPERATION, before, after)
    assert caught.value.code == "ILLEGAL_TRANSITION"


def test_every_batch_state_can_be_reached_and_left_or_rests() -> None:
    """The same for batches."""
    assert reachable(dict(BATCH), {"open"}) == set(BATCH) == set(BATCH_STATES)
    for state in BATCH:
        assert reachable(dict(BATCH), {state}) & BATCH_RESTING, state


def test_a_batch_is_judged_only_to_states_that_it_may_take() -> None:
    """Whatever its operations are, the judgement is a known state, and a legal next one of a rolled-back batch."""
    for size in (0, 1, 2):
        for states in itertools.combinations(OPERATION, size):
            tally = dict.fromkeys(states, 1)
            for closed, unverified in itertools.product((False, True), (0, 1)):
                assert batch_state(tally, rolled_back=False, closed=closed, unverified=unverified) in BATCH
            after = batch_state(tally, rolled_back=True, closed=True, unverified=0)
            assert after == "compensating" or after in BATCH["compensating"]
