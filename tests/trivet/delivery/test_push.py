"""Intent before the first byte, one outcome per operation, and nothing sent that may have arrived."""

import json
import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest
from chaos.desk import LIMITS, Desk, wanted
from chaos.fake_target import Crash, Fault

from trivet.delivery import failpoints, report
from trivet.errors import AuthFailed, LedgerError, RateLimited, Retryable
from trivet.ledger import approvals, batches, cases, gates
from trivet.model import Operation

GOAL = {"weight": 20}


def crash_at(name: str) -> None:
    """Dies at the next failpoint of that name."""

    def hook(reached: str) -> None:
        if reached == name:
            failpoints.hook = None
            raise Crash

    failpoints.hook = hook


def many(n: int, **more: object) -> list[object]:
    """Records of that many people."""
    return [wanted(f"p{i:03}/goal", {"weight": i}, **more) for i in range(n)]


def test_long_documents_go_in_more_calls(desk: Desk) -> None:
    """Calls are cut by the target's `max_bytes` too; a document that is longer by itself goes alone, and none is lost."""
    target = desk.target(max_ops=100, max_bytes=1000)
    calls: list[list[str]] = []
    target.on_send = lambda operations: calls.append([operation.document["text"] for operation in operations])
    texts = ["因" * 100, "a" * 100, "b" * 400, "c" * 2000, "d", "e", None]
    desk.plan(*(wanted(f"p{i}/goal", {"text": text}) for i, text in enumerate(texts)))
    done = desk.push()
    assert (done.confirmed, done.left) == (len(texts), 0)
    assert sorted(text or "" for call in calls for text in call) == sorted(text or "" for text in texts)
    sizes = [
        [len(json.dumps({"text": text}, ensure_ascii=False).encode()) for text in call] for call in calls
    ]
    assert all(sum(call) <= 1000 or len(call) == 1 for call in sizes)
    assert len(calls) < len(texts)


def test_hundreds_of_operations_go_in_few_calls(any_desk: Desk) -> None:
    """Calls are cut by the target's `max_ops`, and each operation has its own outcome."""
    target = any_desk.target(max_ops=100)
    calls: list[int] = []
    target.on_send = lambda operations: calls.append(len(operations))
    any_desk.plan(*many(250))  # type: ignore[arg-type]
    seen: list[tuple[int, int]] = []
    done = any_desk.push(on_progress=lambda now, all_: seen.append((now, all_)))
    assert (done.confirmed, done.left, calls) == (250, 0, [100, 100, 50])
    assert seen == [(100, 250), (200, 250), (250, 250)]


def test_creates_updates_and_deletes_go_in_calls_of_their_own(desk: Desk) -> None:
    """One kind and one entity a call (the fake insists on it)."""
    target = desk.target()
    desk.plan(*many(3))  # type: ignore[arg-type]
    desk.push()
    desk.plan(
        wanted("p000/goal", {"weight": 100}),
        wanted("p002/goal", {"weight": 2}),
        wanted("new/goal", GOAL),
        wanted("new/other", GOAL, entity="course"),
        scopes={"app-p001"},
    )
    assert desk.push().confirmed == 4
    assert [kind for _, kind, _ in target.sent[3:]] == ["create", "create", "update", "delete"]
    assert sorted(row.document["weight"] for row in target.rows) == [2, 20, 20, 100]


def test_a_lost_answer_makes_exactly_its_own_call_unknown(desk: Desk) -> None:
    """The other calls are confirmed; nothing is sent again."""
    target = desk.target(faults=["none", "lost_after"], max_ops=4)
    desk.plan(*many(12))  # type: ignore[arg-type]
    done = desk.push(limits=LIMITS)
    assert (done.confirmed, done.unknown) == (8, 4)
    assert desk.push().unknown == 0
    assert len(target.sent) == 12


@pytest.mark.parametrize(("fault", "beside"), [("none", True), ("one_lost", False)])
def test_the_next_call_flies_while_the_last_one_s_outcomes_are_committed(
    desk: Desk, fault: Fault, beside: bool
) -> None:
    """Where all of it was confirmed; anything else is committed first, because it may stop what comes next."""
    calls = threading.Semaphore(0)
    desk.target(faults=[fault]).on_send = lambda _: calls.release()
    desk.plan(*many(20))  # type: ignore[arg-type]
    seen: list[bool] = []

    def hook(reached: str) -> None:
        if reached == "push.after_send":
            # the first call, and the second one if it is on its way
            seen.append(calls.acquire() and calls.acquire(timeout=5 if beside else 0.1))
            failpoints.hook = None

    failpoints.hook = hook
    done = desk.push(limits=replace(LIMITS, slice=10))
    assert (done.confirmed, done.unknown) == ((20, 0) if beside else (19, 1))
    assert seen == [beside]


def test_what_landed_counts_though_preparing_the_next_call_ends_the_push(desk: Desk) -> None:
    """A double among the next records is to be taken away, and the target lets nobody in any more."""
    target = desk.target()
    desk.plan(*many(20))  # type: ignore[arg-type]
    desk.push()
    target.rows.append(replace(target.rows[15], remote_id="999"))

    def locked(operations: Sequence[Operation]) -> None:
        if operations[0].kind == "delete":
            raise AuthFailed("no", connector="fake", operation="send")

    target.on_send = locked
    desk.plan(*(wanted(f"p{i:03}/goal", {"weight": 100}) for i in range(20)))
    done = desk.push(limits=replace(LIMITS, slice=10))
    assert (done.confirmed, done.left, done.stuck) == (10, 9, 1)
    assert isinstance(done.stopped, AuthFailed)
    assert [desk.state(f"p{i:03}/goal") for i in (0, 9, 10, 15)] == [
        "confirmed",
        "confirmed",
        "planned",
        "stuck",
    ]


@pytest.mark.parametrize("place", ["push.after_intent", "push.after_send"])
def test_an_intent_that_another_worker_finds_is_unknown(desk: Desk, place: str) -> None:
    """A worker that died after its intent leaves a question, never an assumption."""
    desk.target()
    desk.plan(wanted("ann/goal", GOAL))
    crash_at(place)
    with pytest.raises(Crash):
        desk.push()
    assert desk.state("ann/goal") == "intent"
    assert desk.push().confirmed == 0
    assert desk.state("ann/goal") == "unknown"


def test_a_death_before_the_intent_left_nothing(desk: Desk) -> None:
    """The next worker simply sends."""
    target = desk.target()
    desk.plan(wanted("ann/goal", GOAL))
    crash_at("push.before_intent")
    with pytest.raises(Crash):
        desk.push()
    assert desk.state("ann/goal") == "planned"
    assert desk.push().confirmed == 1
    assert len(target.sent) == 1


def test_a_refused_record_says_why(desk: Desk) -> None:
    """Vendor code, field and text stay with it; the others arrive."""
    desk.target()
    desk.plan(wanted("ann/goal", {"bad": True}), wanted("bob/goal", GOAL))
    done = desk.push()
    assert (done.confirmed, done.rejected) == (1, 1)
    [entry] = desk.history("ann/goal")
    assert (entry.state, entry.error_code, entry.error_field) == ("rejected", "E42", "bad")
    assert entry.error_text == "TARGET_REJECTED: fake send: bad value (field bad) [E42]"
    desk.verify()
    assert desk.finish().state == "partly_confirmed"


def test_a_person_is_delivered_whole_or_not_at_all(desk: Desk) -> None:
    """A refusal takes the person's other operations back, at every target; others are not concerned."""
    erp, other = desk.target(max_ops=1), desk.target("other")
    desk.plan(
        wanted("ann/a", GOAL),
        wanted("ann/b", {"bad": True}),
        wanted("ann/c", GOAL, order=1),
        wanted("ann/d", GOAL, target="other"),
        wanted("bob/a", GOAL),
    )
    desk.push("other")
    done = desk.push()
    assert (done.rejected, done.taken_back) == (1, 1)
    assert desk.state("ann/d", "other") == "comp_planned"
    desk.settle("other")
    assert (len(erp.rows), other.rows) == (1, [])
    assert desk.states() == {"compensated": 2, "rejected": 1, "cancelled": 1, "confirmed": 1}


def test_within_a_slice_of_small_calls_nothing_more_is_sent_for_a_refused_person(desk: Desk) -> None:
    """Several intents are committed together; the rest of the person's is not sent after the refusal."""
    target = desk.target(max_ops=1)
    desk.plan(wanted("ann/a", {"bad": True}), *[wanted(f"ann/{n}", GOAL) for n in range(5)])
    desk.push()
    refused = next(n for n, sent in enumerate(target.sent) if sent[0] == desk.history("ann/a")[0].key)
    assert all(kind == "delete" for _, kind, _ in target.sent[refused + 1 :])
    assert target.rows == []


def test_a_refusal_of_an_independent_record_concerns_nobody(desk: Desk) -> None:
    """And an independent record stays where a sibling was refused."""
    desk.target()
    desk.plan(wanted("ann/a", GOAL), wanted("ann/note", {"bad": True}, independent=True))
    desk.push()
    assert desk.states() == {"confirmed": 1, "rejected": 1}


def test_independent_policy_lets_the_others_stand(desk: Desk) -> None:
    """Each operation for itself."""
    desk.target()
    desk.open(atomic="independent")
    desk.plan(wanted("ann/a", GOAL), wanted("ann/b", {"bad": True}))
    desk.push()
    assert desk.states() == {"confirmed": 1, "rejected": 1}


def test_batch_policy_is_all_or_nothing(desk: Desk) -> None:
    """One refusal takes the whole batch back."""
    target = desk.target(max_ops=1)
    desk.open(atomic="batch")
    desk.plan(
        wanted("ann/a", GOAL), wanted("bob/b", {"bad": True}), wanted("eve/c", GOAL), wanted("eve/d", None)
    )
    desk.push()
    assert target.rows == []
    assert desk.states().keys() <= {"compensated", "rejected", "cancelled"}
    assert desk.batch_state() == "compensated"


def test_too_many_refusals_hold_the_batch(desk: Desk) -> None:
    """More than the allowed share: the rest stays planned, and one case asks a person."""
    target = desk.target(max_ops=5)
    target.refuses = lambda operation: operation.document["weight"] < 5
    desk.open(max_failed_share=0.2)
    desk.plan(*many(20))  # type: ignore[arg-type]
    done = desk.push(limits=LIMITS.__class__(max_failures=3, lease=60, slice=5))
    assert (done.held, done.rejected, done.left) == (True, 5, 15)
    assert desk.push().held
    with desk.ledger.read() as tx:
        assert [case.code for case in cases.find(tx)] == ["TOO_MANY_REFUSED"]


def test_only_so_many_people_while_a_cap_holds(desk: Desk) -> None:
    """The same people at every target; the others stay planned."""
    for name in ("erp", "other"):
        desk.target(name)
    people = [f"p{n}" for n in range(6)]
    desk.plan(*[wanted(f"{p}/{n}", GOAL) for p in people for n in range(2)])
    desk.plan(*[wanted(f"{p}/x", GOAL, target="other") for p in people])
    assert desk.push(cap=2).confirmed == 4
    assert desk.push("other", cap=2).confirmed == 2
    with desk.ledger.read() as tx:
        sent = {entry.subject_ref for entry in report.deliveries(tx, state="confirmed")}
    assert len(sent) == 2
    assert desk.push(cap=2).confirmed == 0
    assert desk.push(cap=3).confirmed == 2


def test_the_irreversible_waits_for_what_comes_before(desk: Desk) -> None:
    """A later order is sent when the person's earlier ones are confirmed; other people do not wait for her."""
    target = desk.target(faults=["one_lost"])
    desk.plan(
        wanted("ann/a", GOAL),
        wanted("ann/mail", GOAL, order=9),
        wanted("bob/a", GOAL),
        wanted("bob/mail", GOAL, order=9),
    )
    desk.push()
    [lost] = [name for name in ("ann", "bob") if desk.state(f"{name}/a") == "unknown"]
    assert desk.state(f"{lost}/mail") == "planned"
    assert desk.states() == {"confirmed": 2, "unknown": 1, "planned": 1}
    desk.settle()
    desk.push()
    assert len(target.rows) == 4


def test_it_waits_for_what_an_earlier_night_asked_about(desk: Desk) -> None:
    """What somebody is being asked about stays in its batch, is not sent by the next one, and comes first all the same."""
    target = desk.target()
    first = desk.id
    desk.plan(wanted("ann/a", GOAL, awaits="sensitive"))
    assert desk.push().left == 1
    terms = approvals.Terms(20, None, None, passkey=False)
    with desk.ledger.begin() as tx:
        asked = approvals.ask(
            tx, tenant="acme", flow="night", batch_id=first, causes=["sensitive"], detail={}, terms=terms
        )
        gates.ask(tx, [desk.history("ann/a")[0].id], asked.id)
    desk.finish()
    desk.plan(wanted("ann/a", GOAL), wanted("ann/mail", GOAL, order=9), wanted("bob/mail", GOAL, order=9))
    assert (desk.push().confirmed, desk.state("ann/mail"), desk.state("ann/a")) == (1, "planned", "planned")
    assert desk.history("ann/a")[0].batch_id == first
    with desk.ledger.begin() as tx:
        gates.open_all(tx, [desk.history("ann/a")[0].id], "bea")
        approvals.decide(tx, asked, "approved", actor="bea")
    # this batch does not overtake what was let go a moment ago
    assert (desk.push().confirmed, desk.state("ann/mail")) == (0, "planned")
    second, desk.batch = desk.batch, None
    with desk.ledger.read() as tx:
        desk.batch = batches.get(tx, first)
    assert desk.push().confirmed == 1
    desk.batch = second
    assert desk.push().confirmed == 1
    assert len(target.rows) == 3


@pytest.mark.parametrize(
    ("fault", "kind"), [("limited", RateLimited), ("auth", AuthFailed), ("retryable", Retryable)]
)
def test_a_connection_that_must_stop_leaves_everything_planned(desk: Desk, fault: str, kind: type) -> None:
    """Nothing was done there; the report carries the error for the scheduler, and when to come again."""
    target = desk.target(faults=[fault], max_ops=2)  # type: ignore[list-item]
    desk.plan(*many(6))  # type: ignore[arg-type]
    done = desk.push()
    assert isinstance(done.stopped, kind)
    assert (done.confirmed, done.left, target.rows) == (0, 6, [])
    if fault == "limited":
        assert done.retry_at is not None
        assert (done.retry_at - desk.clock()).total_seconds() == 7
        assert isinstance(desk.push().stopped, RateLimited)  # nobody calls before
        assert len(target.sent) == 2
    desk.clock.advance(10)
    desk.push()
    assert desk.states() == {"confirmed": 6}


def test_patience_ends_with_a_case(desk: Desk) -> None:
    """An operation that can never be sent goes to a person, and blocks nobody."""
    desk.target(faults=["one_busy"] * 3)
    desk.plan(wanted("ann/a", GOAL), wanted("bob/a", GOAL))
    for _ in range(3):
        desk.push()
        desk.clock.advance(60)
    assert desk.states() == {"confirmed": 1, "stuck": 1}
    with desk.ledger.read() as tx:
        [case] = cases.find(tx)
    assert "given up after 3 attempts" in case.message


def test_a_connectors_bug_is_raised_and_its_operations_are_unknown(desk: Desk) -> None:
    """A foreign exception says nothing about what arrived."""
    desk.target(faults=["bug"])
    desk.plan(wanted("ann/a", GOAL))
    with pytest.raises(KeyError):
        desk.push()
    assert desk.state("ann/a") == "unknown"


def test_a_wrong_number_of_outcomes_is_unknown_for_all(desk: Desk) -> None:
    """Whose answer is missing cannot be told."""
    target = desk.target()
    send = target.send
    target.send = lambda operations: list(send(operations))[1:]  # type: ignore[method-assign]
    desk.plan(wanted("ann/a", GOAL), wanted("bob/a", GOAL))
    assert desk.push().unknown == 2


def test_two_workers_do_not_push_the_same(any_desk: Desk) -> None:
    """The second one is told so; other targets and batches are free."""
    target = any_desk.target()
    any_desk.plan(wanted("ann/a", GOAL))
    said: list[str] = []

    def second(_operations: object) -> None:
        with pytest.raises(LedgerError) as caught:
            any_desk.push()
        said.append(caught.value.code)

    target.on_send = second
    assert any_desk.push().confirmed == 1
    assert said == ["LEASE_HELD"]


def test_an_update_of_what_somebody_deleted_is_a_case(desk: Desk) -> None:
    """It is not created again behind the person's back."""
    target = desk.target()
    desk.plan(wanted("ann/a", GOAL))
    desk.push()
    target.rows.clear()
    desk.plan(wanted("ann/a", {"weight": 30}))
    assert desk.push().stuck == 1
    assert target.rows == []
    assert desk.history("ann/a")[-1].error_code == "GONE_AT_TARGET"


@pytest.mark.parametrize(("trait", "code"), [("updates", "CANNOT_UPDATE"), ("deletes", "CANNOT_DELETE")])
def test_what_a_target_cannot_do_is_a_case(desk: Desk, trait: str, code: str) -> None:
    """Known from its traits before anything is sent."""
    target = desk.target(**{trait: False})
    desk.plan(wanted("ann/a", GOAL))
    desk.push()
    desk.plan(
        *([wanted("ann/a", {"weight": 30})] if trait == "updates" else []),
        scopes={"app-ann"},
        targets={"erp"},
    )
    assert desk.push().stuck == 1
    assert (desk.history("ann/a")[-1].error_code, len(target.sent)) == (code, 1)
