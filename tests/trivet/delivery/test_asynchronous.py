"""Targets that take an order, work later and are asked by ticket; several connections at once; one key, one document."""

import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from chaos.desk import LIMITS, QUIET, Desk, wanted

from trivet.errors import Rejected, UnknownOutcome
from trivet.ledger import cases, contents
from trivet.model import Accepted, Confirmed

GOAL = {"weight": 20}
LIMITS_OF_TWO = replace(LIMITS, slice=2)
WHERE = {"connector": "fake", "operation": "poll"}


class Later:
    """Takes everything with a ticket and says later what came of it."""

    def __init__(self, inner) -> None:
        self.inner, self.said, self.asked = inner, {}, []

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def send(self, operations):
        """A ticket each; nothing is there yet."""
        return [Accepted(f"t-{one.reference}") for one in operations]

    def outcomes(self, tickets):
        """What is known of each by now."""
        self.asked += tickets
        return [self.said.get(ticket, Accepted(ticket)) for ticket in tickets]


@pytest.fixture
def later(desk: Desk) -> Later:
    """The target of this desk."""
    made = Later(desk.target("erp"))
    desk.targets["erp"] = made
    return made


def reference(desk: Desk, name: str) -> str:
    """The record's reference."""
    return desk.history(name)[-1].reference


def test_the_ticket_tells_what_came_of_it(desk: Desk, later: Later) -> None:
    """Done, refused and still at work, in one question; the refused one takes its person's others with it."""
    desk.target("other")
    desk.plan(
        *(wanted(f"{name}/goal", GOAL) for name in ("ann", "bob", "eve")),
        wanted("bob/course", GOAL, target="other"),
    )
    desk.push("other")
    assert desk.push().accepted == 3
    later.said = {
        f"t-{reference(desk, 'ann/goal')}": Confirmed("r7"),
        f"t-{reference(desk, 'bob/goal')}": Rejected("no such plan", vendor_code="E9", field="plan", **WHERE),
    }
    desk.settle(after=1)
    assert {name: desk.state(f"{name}/goal") for name in ("ann", "bob", "eve")} == {
        "ann": "confirmed",
        "bob": "rejected",
        "eve": "accepted",
    }
    assert desk.history("ann/goal")[-1].remote_id == "r7"
    assert desk.history("bob/goal")[-1].error_code == "E9"
    assert desk.state("bob/course", "other") == "comp_planned"
    assert len(later.asked) == 3


def test_a_ticket_that_is_forgotten_is_looked_for(desk: Desk, later: Later) -> None:
    """Neither yes nor no: in time the operation is unknown, asked for by reference, and sent again."""
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    later.said = {f"t-{reference(desk, 'ann/goal')}": UnknownOutcome("no such ticket", **WHERE)}
    assert desk.settle().left == 1
    assert desk.state("ann/goal") == "unknown"
    desk.settle(after=QUIET + 1)
    assert desk.state("ann/goal") == "planned"


def slowed(target: Any, name: str) -> list[int]:
    """Lets these calls take a while; how many of them were under way together at most, as it grows."""
    together, most, lock = [0], [0], threading.Lock()
    call = getattr(target, name)

    def slow(*given: Any) -> Any:
        with lock:
            together[0] += 1
            most[0] = max(most[0], together[0])
        time.sleep(0.005)
        with lock:
            together[0] -= 1
            return call(*given)

    setattr(target, name, slow)
    return most


def test_several_connections_at_once(desk: Desk) -> None:
    """One outcome per operation, in order, whichever thread carried it; never more at once than the target takes."""
    target = desk.target(max_ops=1, connections=4)
    most = slowed(target, "send")
    names = [f"p{n}/goal" for n in range(40)]
    desk.plan(*(wanted(name, {"n": n, "bad": n % 10 == 0}) for n, name in enumerate(names)))
    done = desk.push()
    assert (done.confirmed, done.rejected) == (36, 4)
    assert [n for n, name in enumerate(names) if desk.state(name) == "rejected"] == [0, 10, 20, 30]
    assert 1 < most[0] <= 4
    rows = {row.reference: row.document["n"] for row in target.rows}
    assert all(rows[reference(desk, name)] == n for n, name in enumerate(names) if n % 10)


def test_a_target_that_takes_several_calls_is_asked_by_several(desk: Desk) -> None:
    """Reading again, too: each record is asked for once, and one that is not there is seen."""
    target = desk.target(max_ops=1, connections=4)
    names = [f"p{n}/goal" for n in range(30)]
    desk.plan(*(wanted(name, GOAL) for name in names))
    desk.push()
    target.rows = [row for row in target.rows if row.reference != reference(desk, "p7/goal")]
    asked, find = [], target.find
    target.find = lambda entity, wanted: asked.extend(one.reference for one in wanted) or find(entity, wanted)
    most = slowed(target, "find")
    done = desk.verify()
    assert (done.verified, done.wrong) == (29, 1)
    assert desk.state("p7/goal") == "stuck"
    assert sorted(asked) == sorted(reference(desk, name) for name in names)
    assert 1 < most[0] <= 4


def test_where_nothing_can_be_asked_few_are_in_the_air(desk: Desk) -> None:
    """A dead worker leaves a person one operation to look at, not a slice of them."""
    target = desk.target(asked_by="nothing", max_ops=1, faults=["none", "bug"])
    desk.plan(*(wanted(f"p{n}/goal", GOAL) for n in range(5)))
    with pytest.raises(KeyError):
        desk.push()
    assert (len(target.sent), desk.states()) == (2, {"confirmed": 1, "unknown": 1, "planned": 3})


def test_one_key_never_carries_two_documents(desk: Desk) -> None:
    """A stored document that is not the planned one is not sent: IDEMPOTENCY_MISMATCH, a case, the others go."""
    target = desk.target()
    desk.plan(wanted("ann/goal", GOAL), wanted("bob/goal", GOAL))
    entry = desk.history("ann/goal")[-1]
    with desk.ledger.begin() as tx:
        contents.put(tx, "document", {entry.id: {"weight": 90}}, {entry.id: entry.subject_ref})
    assert desk.push().stuck == 1
    assert (len(target.rows), desk.state("bob/goal"), desk.state("ann/goal")) == (1, "confirmed", "stuck")
    with desk.ledger.read() as tx:
        assert [case.code for case in cases.find(tx, tenant="acme")] == ["IDEMPOTENCY_MISMATCH"]


def test_too_many_refusals_take_the_batch_back(desk: Desk) -> None:
    """Where the flow says so: what arrived is taken back, what waits is cancelled, and a case says why."""
    desk.open(atomic="independent", max_failed_share=0.3, too_many="roll_back")
    target = desk.target(max_ops=2)
    documents = [GOAL, GOAL, {"bad": True}, {"bad": True}, GOAL, GOAL]
    desk.plan(*(wanted(f"p{n}/goal", document) for n, document in enumerate(documents)))
    desk.push(limits=LIMITS_OF_TWO)
    assert target.rows == []
    assert desk.states() == {"compensated": 2, "rejected": 2, "cancelled": 2}
    assert desk.batch_state() == "compensated"
    with desk.ledger.read() as tx:
        assert [case.code for case in cases.find(tx, batch_id=desk.id)] == ["TOO_MANY_REFUSED"]
