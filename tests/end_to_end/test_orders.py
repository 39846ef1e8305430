"""A recruiter orders an assessment in the HR system, and finds its result there: over sockets, once, whatever happens between."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from signal import SIGKILL
from typing import Any

import pytest
from conftest import World
from end_to_end.shell import rows
from hr import use
from serving import served

from trivet.flow import holding, steps, undoing
from trivet.ledger import cases, orders
from trivet.ledger.orders import StoredOrder

KEY, TOKEN = "an-encrypt-key", "a-verification-token"  # noqa: S105
REPORT = "https://reports.example/{order}"
PACKAGE = "ai_interview"
CANDIDATE = "be3"
"""Neither hired nor rejected."""


TOLD = {
    "greenhouse": {"method": "PATCH", "path": "/take_home_tests/"},
    "feishu_hire": {"method": "POST", "path": "/update_result"},
    "ashby": {"method": "POST", "path": "/assessment.update"},
}
"""The call by which a result is told."""


@dataclass
class Ordering:
    """One HR system from which assessments are ordered."""

    world: World
    hr: str
    target: str
    base: str = ""

    def order(self, candidate: str = CANDIDATE, **more: Any) -> Any:
        """A recruiter orders."""
        url = f"{self.base}/assess/{self.target}"
        before = len(self.stored())
        said = self.world.change(
            self.hr, what="order_assessment", candidate=candidate, package=PACKAGE, url=url, **more
        )
        if not more:
            until(lambda: len(self.stored()) > before)
        return said

    def stored(self) -> list[StoredOrder]:
        """Every order, oldest first."""
        with self.world.hub() as hub, hub.ledger.read() as tx:
            return orders.recent(tx, None, 100)[::-1]

    def there(self) -> list[Any]:
        """What the recruiter sees of every order."""
        kind = {"greenhouse": "take_home_tests", "feishu_hire": "exam", "ashby": "assessment"}[self.hr]
        return list(self.world.held(self.hr).get(kind, {}).values())

    def operations(self) -> list[tuple[str, str]]:
        """Entity and state of what was sent about orders."""
        return sorted((o["entity"], o["state"]) for o in self.world.operations(target=self.target))

    def told(self) -> int:
        """Calls that told a result."""
        calls = [call for call in self.world.writes(self.hr) if TOLD[self.hr]["path"] in call["path"]]
        # Ashby hears of the start by the same method
        return len(calls) - (self.hr == "ashby") * sum(e == "started" for e, _ in self.operations())

    def misbehave(self, **fault: Any) -> None:
        """The next telling of a result goes wrong."""
        # what Ashby hears first is that it has begun
        after = {"after": 1} if self.hr == "ashby" else {}
        self.world.misbehave(self.hr, **TOLD[self.hr], **after, **fault)


def until(holds: Callable[[], bool]) -> None:
    """Waits for what another process does."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


ORDERS: dict[str, dict[str, Any]] = {
    "greenhouse": {
        "connection": "greenhouse_assessments",
        "mapping": "greenhouse/assessment_result",
        "addresses": {"report": REPORT},
    },
    "feishu_hire": {
        "connection": "feishu_hire",
        "target": "feishu_exams",
        "mapping": "feishu_hire/assessment_result",
        "arrange": "feishu_hire/exam_login",
        "publish": "feishu_hire/exam_papers",
        "addresses": {"report": REPORT, "candidate": "https://interviews.example/{order}"},
    },
    "ashby": {
        "connection": "ashby_assessments",
        "mapping": "ashby/assessment_result",
        "arrange": "ashby/assessment_started",
        "addresses": {"report": REPORT},
    },
}


def taking(world: World, hr: str) -> Ordering:
    """The flow takes orders from that system."""
    use(world, hr)
    packages = [{"id": PACKAGE, "name": {"zh": "AI 面试测评", "en": "AI interview assessment"}}]
    world.edit_flow(lambda flow: flow.update(assessment_orders={**ORDERS[hr], "packages": packages}))
    feishu = world.sandbox.connections()["feishu_hire"]
    world.connect(feishu_hire={"extra": {**feishu["extra"], "encrypt_key": KEY, "verification_token": TOKEN}})
    return Ordering(world, hr, ORDERS[hr].get("target", ORDERS[hr]["connection"]))


@contextmanager
def serve(ordering: Ordering, caplog: pytest.LogCaptureFixture) -> Iterator[Ordering]:
    """What the vendor calls, and the vendor that knows it."""
    with ordering.world.hub() as hub, served(hub) as ordering.base:
        if ordering.hr == "feishu_hire":
            _register(ordering)
        yield ordering
    assert not [entry for entry in caplog.records if entry.exc_info]


def _register(ordering: Ordering) -> None:
    """Feishu sends its events, and knows what can be ordered: nobody can order what was not registered."""
    where = {"url": f"{ordering.base}/in/feishu_hire", "encrypt_key": KEY, "verification_token": TOKEN}
    ordering.world.change("feishu_hire", what="subscribe", **where)
    ordering.world.night()
    assert set(ordering.world.held("feishu_hire")["paper"]) == {PACKAGE}


@pytest.fixture(params=ORDERS)
def ordering(
    world: World, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> Iterator[Ordering]:
    """Each HR system."""
    with serve(taking(world, request.param), caplog) as taken:
        yield taken


@pytest.fixture
def greenhouse(world: World, caplog: pytest.LogCaptureFixture) -> Iterator[Ordering]:
    """Greenhouse."""
    with serve(taking(world, "greenhouse"), caplog) as taken:
        yield taken


@pytest.fixture
def ashby(world: World, caplog: pytest.LogCaptureFixture) -> Iterator[Ordering]:
    """Ashby."""
    with serve(taking(world, "ashby"), caplog) as taken:
        yield taken


@pytest.fixture
def feishu(world: World, caplog: pytest.LogCaptureFixture) -> Iterator[Ordering]:
    """Feishu Hire."""
    with serve(taking(world, "feishu_hire"), caplog) as taken:
        yield taken


def scored(ordering: Ordering) -> dict[str, Any]:
    """The result that the recruiter sees, of the one order there is."""
    (order,) = ordering.there()
    said = order["result"]
    assert said is not None
    return dict(said)


def test_what_is_ordered_comes_back_as_a_result(ordering: Ordering) -> None:
    """Stored before it is answered, assessed by the night, told once, with scores, report and who scored."""
    ordering.order()
    (order,) = ordering.stored()
    assert order.status == "open"
    ordering.world.night()
    (order,) = ordering.stored()
    assert order.status == "completed"
    assert order.application_id is not None
    assert order.subject_ref is not None
    said = scored(ordering)
    report = REPORT.replace("{order}", order.id)
    if ordering.hr == "greenhouse":
        assert said["partner_status"] == "complete"
        assert 0 < said["partner_score"] <= 100
        assert said["partner_profile_url"] == report
        assert {"Scored by", "Scored at", "Method"} < set(said["metadata"])
        assert "behaviour_baseline" in said["metadata"]["Scored by"]
        assert any(isinstance(value, int | float) for value in said["metadata"].values())
    elif ordering.hr == "ashby":
        (assessment,) = ordering.there()
        assert assessment["status"] == "Complete"
        assert 0 < said["value"] <= 100
        assert assessment["profile"]["value"] == report
        told = {entry["identifier"]: entry["value"] for entry in assessment["metadata"]}
        assert "behaviour_baseline" in told["scored_by"]
        assert any(entry["type"] == "numeric_score" for entry in assessment["metadata"])
    else:
        assert 0 < float(said["result"]) <= 100
        assert [entry["url"] for entry in said["report_list"]] == [report]
        assert any(entry["result"].endswith("/ 10") for entry in said["detail_list"])
        assert any("behaviour_baseline" in entry["result"] for entry in said["detail_list"])
        (exam,) = ordering.there()
        assert exam["login"]["exam_url"] == f"https://interviews.example/{order.id}"
    assert ordering.told() == 1
    before = {name: len(ordering.world.writes(name)) for name in ordering.world.sandbox.servers}
    ordering.world.night()
    assert {name: len(ordering.world.writes(name)) for name in ordering.world.sandbox.servers} == before


def test_an_order_for_whom_there_is_an_assessment_is_answered_by_the_next_run(ordering: Ordering) -> None:
    """Nothing in the HR system has changed but the order."""
    ordering.world.night()
    ordering.order()
    ordering.world.night()
    assert scored(ordering)
    assert [order.status for order in ordering.stored()] == ["completed"]


def test_a_fresh_run_answers_it_too(ordering: Ordering) -> None:
    """The order is an event about its application: the run that it starts reads nobody else."""
    ordering.world.night()
    ordering.order()
    with ordering.world.hub() as hub:
        batch_id = steps.hear(hub, ordering.world.flow, "fresh")
        assert batch_id is not None
        steps.deliver_fresh(hub, batch_id)
        steps.tell_back(hub, batch_id)
        assert steps.hear(hub, ordering.world.flow, "fresh") is None
    assert scored(ordering)


def test_two_orders_for_two_people_are_two_results(ordering: Ordering) -> None:
    """Each its own."""
    for candidate in ("be3", "ae3"):
        ordering.order(candidate)
    ordering.world.night()
    results = [str(order["result"]) for order in ordering.there()]
    assert len(set(results)) == 2
    assert ordering.told() == 2


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "http_500_after"])
def test_an_answer_that_was_lost_is_settled_by_telling_it_again(kind: str, ordering: Ordering) -> None:
    """Nobody can be asked, and the same again changes nothing: no case, and one result."""
    ordering.order()
    ordering.misbehave(kind=kind)
    ordering.world.night()
    assert ("result", "unknown") in ordering.operations()
    ordering.world.clock.forward(seconds=60)
    with ordering.world.hub() as hub:
        steps.settle(hub)
    assert ("result", "confirmed") in ordering.operations()
    assert ordering.told() == 2
    assert scored(ordering)
    with ordering.world.hub() as hub, hub.ledger.read() as tx:
        assert cases.find(tx) == []


def test_it_is_not_told_again_while_a_person_holds_the_flow(greenhouse: Ordering) -> None:
    """It stays in doubt, opens no case, and is told after the release."""
    world = greenhouse.world
    greenhouse.order()
    greenhouse.misbehave(kind="reset_before")
    world.night()
    world.clock.forward(seconds=60)
    with world.hub() as hub:
        holding.put_on_hold(hub, "flow", world.flow, actor="li.na", reason="looking into it")
        steps.settle(hub)
        assert ("result", "unknown") in greenhouse.operations()
        assert greenhouse.told() == 1
        holding.release(hub, "flow", world.flow, actor="li.na")
        steps.settle(hub)
        with hub.ledger.read() as tx:
            assert cases.find(tx) == []
    assert ("result", "confirmed") in greenhouse.operations()
    assert greenhouse.told() == 2


def test_a_run_that_is_killed_while_it_tells_goes_on(ordering: Ordering) -> None:
    """SIGKILL while the HR system works: the result is there once, and the ledger knows it."""
    world = ordering.world
    ordering.order()
    ordering.misbehave(kind="delay", seconds=2)
    command = [sys.executable, "-m", "trivet.cli", "run", world.flow]
    with subprocess.Popen(
        command, env=world.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        until(lambda: world.spoiled(ordering.hr))
        process.send_signal(SIGKILL)
        process.communicate()
    world.behave(ordering.hr)
    world.clock.forward(minutes=10)
    world.night()
    world.clock.forward(minutes=10)
    with world.hub() as hub:
        steps.settle(hub)
    assert ("result", "confirmed") in ordering.operations()
    assert scored(ordering)
    assert [order.status for order in ordering.stored()] == ["completed"]


def test_a_refused_result_undoes_nothing_at_the_erps(greenhouse: Ordering) -> None:
    """She is hired, which Greenhouse refuses: the ERPs get theirs all the same, and the refusal is shown once."""
    world = greenhouse.world
    greenhouse.order("be1")
    world.night()
    assert greenhouse.operations() == [("result", "rejected")]
    subject = greenhouse.stored()[0].subject_ref
    theirs = [
        o for o in world.operations() if o["subject_ref"] == subject and o["target"] == "successfactors"
    ]
    assert theirs
    assert {o["state"] for o in theirs} == {"confirmed"}
    told = greenhouse.told()
    world.night()
    assert greenhouse.told() == told


def test_a_refusal_at_an_erp_keeps_no_result_back(ordering: Ordering) -> None:
    """The recruiter hears of the scores whatever the ERP says."""
    world = ordering.world
    world.misbehave("successfactors", kind="error_in_200", method="POST", path="upsert", times=50)
    ordering.order()
    world.night()
    assert ("result", "confirmed") in ordering.operations()
    assert scored(ordering)


def test_a_later_interview_replaces_the_result(feishu: Ordering) -> None:
    """Until the recruiter has marked the exam; from then on the vendor refuses, and nothing else is touched."""
    world = feishu.world
    feishu.order()
    world.night()
    first = scored(feishu)
    world.speak(CANDIDATE, "I listen to the customer first. " * 8)
    world.night()
    second = scored(feishu)
    assert second != first
    world.change("feishu_hire", what="mark_exam", exam=feishu.there()[0]["id"])
    world.speak(CANDIDATE, "My team trusts me, and we share what we know. " * 8)
    world.night()
    assert scored(feishu) == second
    assert ("result", "rejected") in feishu.operations()


def test_an_order_of_nobody_whom_we_know_is_shown_and_waits(greenhouse: Ordering) -> None:
    """Until the application has been pulled."""
    world = greenhouse.world
    store = world.sandbox["greenhouse"].store
    number = store.get("_key", CANDIDATE)["application"]
    held_back = store.get("applications", str(number))
    greenhouse.order()
    store.delete("applications", str(number))
    batch_id = world.night()
    assert "ORDER_UNMATCHED" in {row["code"] for row in world.summary(batch_id)["set_aside"]}
    assert [order.status for order in greenhouse.stored()] == ["open"]
    store.put("applications", str(number), held_back, int(time.time() * 1000))
    world.clock.forward(days=8)
    batch_id = world.night()
    assert "ORDER_UNMATCHED" not in {row["code"] for row in world.summary(batch_id)["set_aside"]}
    (order,) = greenhouse.stored()
    assert order.application_id == f"greenhouse/application/{number}"


def test_who_is_gone_leaves_no_name_in_an_order(greenhouse: Ordering) -> None:
    """What was open is cancelled, what is stored of the order is empty, and nothing more is told."""
    world = greenhouse.world
    world.misbehave("greenhouse", kind="http_503", method="GET", path="/v3/interviews", times=100)
    greenhouse.order()
    world.night()
    world.behave("greenhouse")
    assert [order.status for order in greenhouse.stored()] == ["open"]
    world.change("greenhouse", what="delete", candidate=CANDIDATE)
    world.clock.forward(days=8)
    world.night()
    (order,) = greenhouse.stored()
    assert order.status == "cancelled"
    assert order.document == {}
    assert greenhouse.told() == 0


def test_a_rollback_says_what_it_cannot_take_back(greenhouse: Ordering) -> None:
    """A result that was told is told; everything else is as before."""
    world = greenhouse.world
    greenhouse.order()
    batch_id = world.night()
    with world.hub() as hub:
        said = undoing.rollback(hub, batch_id, actor="ann", reason="trial")
    left = [row for row in said if row["would"] == "left"]
    assert [row["target"] for row in left] == ["greenhouse_assessments"]
    assert "no way to undo" in left[0]["message"]


def test_a_recruiter_who_orders_twice_at_the_vendor_gets_one(greenhouse: Ordering) -> None:
    """The vendor sends the same test again, and hears the same number."""
    first = greenhouse.order()
    again = greenhouse.order(again=first["test"])
    assert again["partner_interview_id"] == first["partner_interview_id"]
    assert len(greenhouse.stored()) == 1


def test_a_cancelled_order_is_told_nothing(ashby: Ordering) -> None:
    """Even where it is cancelled after it was planned to be told; what is ordered after that is another."""
    world = ashby.world
    first = ashby.order()["assessment"]
    assert world.change("ashby", what="cancel_assessment", assessment=first)["ok"]
    assert [order.status for order in ashby.stored()] == ["cancelled"]
    world.night()
    assert ashby.operations() == []
    second = ashby.order()["assessment"]
    assert second != first
    world.night()
    assert [order.status for order in ashby.stored()] == ["cancelled", "completed"]
    assert ashby.operations() == [("result", "confirmed"), ("started", "confirmed")]


def test_orders_are_listed_without_a_name(ordering: Ordering) -> None:
    """With state, age and what was sent."""
    ordering.order()
    (before,) = rows(ordering.world, "orders")
    assert (before["status"], before["days"], before["application"]) == ("open", 0, None)
    ordering.world.night()
    (after,) = rows(ordering.world, "orders", "--status", "completed")
    assert after["application"]
    assert "result confirmed" in after["sent"]
    assert rows(ordering.world, "orders", "--status", "open") == []
    assert "Priya" not in str(after)
