"""Scorers in a night: answers that come later, services that are down or lie, what they cost, and one that is tried out."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import World
from end_to_end.shell import trivet
from sqlalchemy import select, update
from strangers import Service

from trivet.connections import Connection
from trivet.errors import ConfigError
from trivet.flow import steps
from trivet.ledger import batches, documents, scorings
from trivet.ledger.tables import consent
from trivet.ledger.tables import scoring as scoring_table


@pytest.fixture
def queue(world: World, tmp_path: Path) -> Service:
    """The transcription service that answers later."""
    made = Service("queued_reader", tmp_path / "queue", price=0.5)
    world.connect(queue=made.connection)
    return made


@pytest.fixture
def told(world: World, tmp_path: Path) -> Service:
    """A scoring service."""
    made = Service("told_scorer", tmp_path / "told", price=2.0)
    world.connect(told=made.connection)
    made.says(("teamwork", 7.0))
    return made


def scoring(world: World, **changed: Any) -> None:
    """Changes the flow's scoring."""
    world.edit_flow(lambda flow: flow["scoring"].update(changed))


def everybody_by(world: World, *scorers: Any, **route: Any) -> None:
    """One route for all."""
    scoring(world, routes=[{"name": "all", "scorers": list(scorers), **route}])


def assessments(world: World, batch_id: str) -> int:
    """How many interviews the batch assessed."""
    with world.hub() as hub, hub.ledger.read() as tx:
        return batches.get(tx, batch_id).counters.get("scored", 0)


def asides(world: World, batch_id: str) -> dict[str, int]:
    """How many of each code were set aside in scoring."""
    found: dict[str, int] = {}
    for row in world.summary(batch_id)["set_aside"]:
        if row["stage"] == "score":
            found[row["code"]] = found.get(row["code"], 0) + 1
    return found


class TestAnswersThatComeLater:
    """Tickets."""

    def test_a_ticket_outlives_the_process_and_is_paid_once(self, world: World, queue: Service) -> None:
        """Ordered in one process, asked for in others; the night waits as long as the flow lets it."""
        scoring(world, transcriber={"connection": "queue"}, shards=1)
        with world.hub() as hub:
            batch_id = steps.pull(hub, world.flow, "test")
            done = steps.score(hub, batch_id, 0, 1)
        assert done.counts["pending"] == len(queue.billed()) > 5
        assert done.again_at is not None
        assert 0 < (done.again_at - world.clock()).total_seconds() <= 60
        ordered = queue.billed()
        queue.put("ready")
        # too early: nobody is asked before the time that the service named
        with world.hub() as hub:
            assert steps.score(hub, batch_id, 0, 1).counts["pending"] == len(ordered)
        world.clock.forward(minutes=2)
        with world.hub() as hub:
            done = steps.score(hub, batch_id, 0, 1)
        assert done.again_at is None
        assert done.counts["scored"] == len(ordered)
        assert queue.billed() == ordered

    def test_what_is_late_comes_with_a_later_night(self, world: World, queue: Service) -> None:
        """Nobody waits without end, and nothing is lost."""
        scoring(world, transcriber={"connection": "queue"}, patience_minutes=0)
        first = world.night()
        assert assessments(world, first) == 0
        assert not world.operations()
        queue.put("ready")
        world.clock.forward(days=1)
        second = world.night()
        assert assessments(world, second) == len(queue.billed())
        assert {op["state"] for op in world.operations()} >= {"confirmed"}

    def test_what_was_ordered_of_an_earlier_recording_is_not_waited_for(
        self, world: World, queue: Service
    ) -> None:
        """A new upload takes its place; the old ticket is closed, and its person is not looked at every night for it."""
        scoring(world, transcriber={"connection": "queue"}, patience_minutes=0)
        world.night()
        ordered = len(queue.billed())
        world.clock.forward(days=1)
        world.speak("rs1", "我把客户当朋友。")
        queue.put("ready")
        world.night()
        assert len(queue.billed()) == ordered + 1
        world.clock.forward(days=1)
        world.night()
        with world.hub() as hub, hub.ledger.read() as tx:
            assert scorings.awaited(tx, "yunxiu") == set()
            codes = [row.code for row in tx.conn.execute(select(scoring_table.c.code)) if row.code]
        assert codes == ["SUPERSEDED"]

    def test_a_service_that_is_down_meanwhile_is_asked_again(self, world: World, queue: Service) -> None:
        """Its ticket is kept, and no other is paid for the same work."""
        scoring(world, transcriber={"connection": "queue", "or": ["script_reader"]}, shards=1)
        with world.hub() as hub:
            batch_id = steps.pull(hub, world.flow, "test")
            steps.score(hub, batch_id, 0, 1)
            queue.put("down")
            world.clock.forward(minutes=2)
            done = steps.score(hub, batch_id, 0, 1)
            assert done.counts["pending"] == len(queue.billed())
            assert done.again_at is not None
            queue.away("down")
            queue.put("ready")
            world.clock.forward(minutes=2)
            assert steps.score(hub, batch_id, 0, 1).counts["scored"] == len(queue.billed())


class TestServicesThatAreDown:
    """Who stands in."""

    def test_another_stands_in_and_is_not_replaced_later(
        self, world: World, told: Service, tmp_path: Path
    ) -> None:
        """The night goes on with the second; when the first is back, what was scored stays as it is."""
        second = Service("told_scorer", tmp_path / "second")
        second.says(("teamwork", 3.0))
        world.connect(told=told.connection, second=second.connection)
        everybody_by(world, {"connection": "told", "or": ["second"]})
        told.put("down")
        first = world.night()
        assert assessments(world, first) == len(second.billed()) > 5
        told.away("down")
        world.clock.forward(days=1)
        world.speak("rs1", "我把客户当朋友。")
        again = world.night()
        assert assessments(world, again) == 1
        assert len(told.billed()) == 1
        assert len(second.billed()) == assessments(world, first)

    def test_without_anybody_to_stand_in_it_waits(self, world: World, told: Service) -> None:
        """Set aside, and scored by the next night."""
        everybody_by(world, "told")
        told.put("down")
        with pytest.raises(Exception, match="cannot be reached"):
            world.night()
        told.away("down")
        world.clock.forward(days=1)
        batch_id = world.night()
        assert assessments(world, batch_id) == len(told.billed()) > 5
        assert not asides(world, batch_id)


class TestWhatItCosts:
    """The budget of a night."""

    def test_a_night_stops_when_its_budget_is_spent_and_the_next_goes_on(
        self, world: World, told: Service
    ) -> None:
        """What is left waits, is shown, and nothing is paid twice."""
        everybody_by(world, "told")
        scoring(world, budget=6, shards=1)
        first = world.night()
        assert len(told.billed()) == 3
        left = asides(world, first)
        assert set(left) == {"BUDGET_SPENT"}
        scoring(world, budget=1000)
        world.clock.forward(days=1)
        second = world.night()
        assert assessments(world, second) == left["BUDGET_SPENT"]
        assert len(set(told.billed())) == len(told.billed()) == 3 + left["BUDGET_SPENT"]


class TestOneThatIsTriedOut:
    """A shadow."""

    def test_it_is_asked_and_nothing_of_it_is_delivered(self, world: World, told: Service) -> None:
        """The assessments are as without it; what it said is kept."""
        everybody_by(world, "behaviour_baseline")
        plain = world.night()
        before = {(op["reference"], op["state"]) for op in world.operations()}
        told.says(("teamwork", 0.0), ("risk_awareness", 0.0))
        everybody_by(world, "behaviour_baseline", shadow=["told"])
        world.clock.forward(days=1)
        world.speak("rs1", "我把客户当朋友。")
        second = world.night()
        assert assessments(world, plain) > 5
        assert assessments(world, second) == 1
        assert len(told.billed()) == 1
        assert before <= {(op["reference"], op["state"]) for op in world.operations()}

    def test_what_it_would_have_said_is_shown(self, world: World, told: Service) -> None:
        """Per competency: how many interviews both scored, and how far apart."""
        second_best = {"teamwork": 7.0}
        everybody_by(world, "behaviour_baseline", shadow=["told"])
        world.night()
        rows = {row["competency"]: row for row in json.loads(trivet(world, "compare", world.flow, "--json"))}
        with world.hub() as hub, hub.ledger.read() as tx:
            delivered = [
                {one["competency"]: one["score"] for one in found.document["competency_scores"]}
                for found in documents.of_kind(tx, "yunxiu", "assessment")
            ]
        scored = [one["teamwork"] for one in delivered if "teamwork" in one]
        teamwork = rows["teamwork"]
        assert (teamwork["both"], teamwork["only_tried"]) == (len(scored), len(delivered) - len(scored))
        apart = [second_best["teamwork"] - one for one in scored]
        assert teamwork["mean_difference"] == pytest.approx(sum(apart) / len(apart), abs=0.01)
        assert teamwork["correlation"] is None
        assert rows["service_orientation"]["only_delivered"] > 0
        assert "teamwork" in trivet(world, "compare", world.flow)

    def test_its_troubles_are_its_own(self, world: World, told: Service) -> None:
        """Down: the night does not notice."""
        everybody_by(world, "behaviour_baseline", shadow=["told"])
        told.put("down")
        batch_id = world.night()
        assert assessments(world, batch_id) > 5
        assert not asides(world, batch_id)


class TestFaces:
    """Asked apart, where the person and the region allow it; never a score."""

    @pytest.fixture
    def faces(self, world: World) -> str:
        """The vendor's connection, switched on for China."""
        face = world.sandbox.connections()["baidu_face"]
        extra = {
            **face["extra"],
            "enabled": True,
            "purpose": "trial",
            "regions": ["CN"],
            "private_networks": ["127.0.0.0/8"],
        }
        world.connect(faces={**face, "extra": extra})
        scoring(world, expression={"connection": "faces", "regions": {"cn": "CN"}})
        return "faces"

    def seen(self, world: World, conn_id: str) -> list[Any]:
        """Whose faces were looked at, and what was said."""
        with world.hub() as hub, hub.ledger.read() as tx:
            return scorings.of_scorer(tx, "yunxiu", conn_id)

    def test_nobody_is_looked_at_without_a_consent_of_its_own(self, world: World, faces: str) -> None:
        """The consent to AI scores is not enough."""
        batch_id = world.night()
        assert assessments(world, batch_id) > 5
        assert not self.seen(world, faces)
        assert not world.calls("baidu_face")

    def test_with_it_the_answer_is_kept_apart(self, world: World, faces: str) -> None:
        """Kept in the ledger under its scorer; the assessment and everything delivered are as without it."""
        world.change("feishu_hire", what="consent", candidate="ae2", grant="expression")
        batch_id = world.night()
        (said,) = self.seen(world, faces)
        assert said.answer is not None
        assert said.answer["expression"]["pictures"]
        with world.hub() as hub, hub.ledger.read() as tx:
            for found in documents.of_kind(tx, "yunxiu", "assessment"):
                assert "expression" not in json.dumps(found.document)
        assert assessments(world, batch_id) > 5
        assert not any("expression" in json.dumps(op) for op in world.operations())

    def test_another_region_is_never_asked(self, world: World, faces: str) -> None:
        """A site whose region is not said."""
        world.change("feishu_hire", what="consent", candidate="be2", grant="expression")
        world.night()
        assert not self.seen(world, faces)

    def test_it_cannot_be_put_among_the_scorers(self, world: World, faces: str) -> None:
        """The night says so before anybody is scored."""
        everybody_by(world, faces)
        with pytest.raises(ConfigError) as caught:
            world.night()
        assert caught.value.code == "SCORER_LOOKS_ELSEWHERE"


def test_connections_are_looked_up_by_the_step_and_not_by_the_interview(world: World) -> None:
    """In Airflow each is a call to its server: ten thousand interviews must not mean ten thousand of them."""
    asked: Counter[str] = Counter()
    with world.hub() as hub:
        batch_id = steps.pull(hub, world.flow, "test")

        def counted(conn_id: str) -> Connection:
            asked[conn_id] += 1
            return hub.connections(conn_id)

        done = steps.score(replace(hub, connections=counted), batch_id, 0, 1)
    assert done.counts["scored"] == 12
    assert max(asked.values()) <= 4, asked


def test_who_takes_a_consent_back_while_others_are_heard_is_not_heard(world: World, queue: Service) -> None:
    """An interview takes such a scorer minutes: each person is looked up once more when her turn comes."""
    scoring(world, transcriber={"connection": "queue"})
    with world.hub() as hub:
        batch_id = steps.pull(hub, world.flow, "test")

        def withdrawn(done: int, _: int) -> None:
            if done == 2:
                with hub.ledger.begin() as tx:
                    given = update(consent).filter_by(purpose="ai_score")
                    tx.conn.execute(given.values(withdrawn_at=tx.stamp))

        done = steps.score(hub, batch_id, 0, 1, withdrawn)
    assert len(queue.billed()) == done.counts["pending"] == 2
    missing = [row for row in world.summary(batch_id)["set_aside"] if row["code"] == "CONSENT_MISSING"]
    assert len(missing) >= 10
