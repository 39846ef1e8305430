"""What must not go without a named person waits for her, and nothing else does."""

import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import World
from end_to_end.shell import rows, trivet

from trivet.delivery.plan import Wanted
from trivet.errors import ConfigError, LedgerError
from trivet.flow import decide, holding, report, steps, undoing
from trivet.flow.check import check_home
from trivet.flow.gates import approvals
from trivet.flow.gates.gating import SENSITIVE, gated, marks_person
from trivet.flow.sites import EEA, load_sites
from trivet.flow.workbench import explain
from trivet.ledger import batches, documents
from trivet.ledger.inputs import NewInput


def strict(world: World, country: str = "", flows: str = "[]") -> None:
    """The sites let only these kinds flow."""
    for file in (world.home / "mappings" / "sites").glob("*.yaml"):
        text = file.read_text(encoding="utf-8").partition("decisions:")[0]
        if country:
            text = "".join(
                f"country: {country}\n" if line.startswith("country") else line
                for line in text.splitlines(keepends=True)
            )
        file.write_text(f"{text}decisions: {{flow: {flows}}}\n", encoding="utf-8")


def states(world: World, **which: Any) -> Counter[str]:
    """How many operations are in which state."""
    return Counter(o["state"] for o in world.operations(**which))


def waiting(world: World) -> dict[str, Any]:
    """The one approval that waits."""
    with world.hub() as hub:
        (one,) = approvals.listed(hub)
    return one


def test_sensitive_decisions_wait_and_the_rest_flows(world: World) -> None:
    """Approved on the command line they go with the name on them; explanation and time line say who."""
    strict(world)
    world.night()
    one = waiting(world)
    assert one["causes"] == ["sensitive"]
    assert states(world)["planned"] == one["operations"] > 3
    held = world.held("successfactors")
    assert [len(held.get(entity, ())) for entity in ("Goal_1", "cust_TalentPoolEntry")] == [0, 0]
    assert states(world)["confirmed"] >= 3
    seen = rows(world, "approvals", "show", one["approval"])["operations_waiting"]
    assert {entry["decision"] for entry in seen} <= SENSITIVE
    assert all(entry["reason"] and entry["document"] for entry in seen)
    told = rows(
        world, "approvals", "approve", one["approval"], "--note", "talked it over", "--seen", one["digest"]
    )
    assert told["changed"]
    assert "planned" not in states(world)
    assert len(world.held("successfactors")["cust_TalentPoolEntry"]) == 3
    which = seen[0]["id"]
    said = trivet(world, "explain", which)
    assert "approved    by ann at" in said
    assert "APPROVED by ann approval" in said
    with world.hub() as hub:
        gate = explain.explain(hub, which)["approval"]
        assert (gate["approved_by"], gate["approval_id"]) == ("ann", one["approval"])
        line = report.person(hub, seen[0]["subject_ref"])["timeline"]
        assert any("APPROVED" in entry["about"] for entry in line)
        assert not approvals.approve(hub, one["approval"], actor="ann").changed
        with pytest.raises(LedgerError, match="approved, by ann"):
            approvals.reject(hub, one["approval"], actor="bea")
    world.night()
    assert rows(world, "approvals", "list") == []


def test_what_was_rejected_is_not_asked_for_again(world: World) -> None:
    """It is cancelled; unchanged it is never planned anew, changed it is asked about again. The person's rest flows."""
    strict(world, flows="[kpi_weight, talent_pool_entry]")
    world.night()
    one = waiting(world)
    with world.hub() as hub:
        assert approvals.reject(hub, one["approval"], actor="ann", note="too early").changed
        assert approvals.reject(hub, one["approval"], actor="ann").changed is False
    assert states(world)["cancelled"] == one["operations"]
    trivet(world, "cursor", "reset", world.flow)
    file = world.home / "mappings" / "rules" / "competencies.yaml"
    text = file.read_text(encoding="utf-8")
    world.night()
    with world.hub() as hub:
        assert approvals.listed(hub) == []
    file.write_text(
        text.replace("每月一次反馈谈话", "每周一次反馈谈话").replace("monthly feedback", "weekly feedback"),
        encoding="utf-8",
    )
    with world.hub() as hub:
        # decided again with the files that count now
        batch = steps.pull(hub, world.flow, "again")
        flow = hub.flow(world.flow)
        with hub.ledger.read() as tx:
            ids = [e.id for e in documents.of_kind(tx, flow.tenant, "application")]
            known = batches.get(tx, batch)
        decide.decide(hub, flow, known, only=ids)
        assert approvals.listed(hub)[0]["operations"] == one["operations"]


def test_nobody_answers_in_time(world: World) -> None:
    """Somebody is reminded, then somebody else; then it is expired, nothing was sent, and the next night asks anew."""
    strict(world)
    world.edit_flow(
        lambda flow: flow["policy"].update(approval={"approvers": ["ann"], "escalate_to": ["boss"]})
    )
    world.night()
    one = waiting(world)
    world.clock.forward(hours=5)
    with world.hub() as hub:
        assert [(r["escalated"], r["to"]) for r in approvals.remind(hub)] == [(False, ["ann"])]
        assert approvals.remind(hub) == []
    world.clock.forward(hours=8)
    with world.hub() as hub:
        assert [(r["escalated"], r["to"]) for r in approvals.remind(hub)] == [(True, ["boss"])]
    world.clock.forward(hours=8)
    with world.hub() as hub:
        with pytest.raises(LedgerError) as caught:
            approvals.approve(hub, one["approval"], actor="ann")
        assert caught.value.code == "APPROVAL_EXPIRED"
    assert states(world)["planned"] == one["operations"]
    world.night()
    again = waiting(world)
    assert (again["approval"] != one["approval"], again["operations"]) == (True, one["operations"])
    with world.hub() as hub:
        assert approvals.approve(hub, again["approval"], actor="Ann").changed
        # the minute after, settling sends what was approved
        steps.settle(hub)
    assert "planned" not in states(world)


def test_the_next_nights_leave_what_was_asked(world: World) -> None:
    """Neither sent nor asked for again, the clock of the question runs on; approved after two nights it goes as it was asked."""
    strict(world)
    world.night()
    one = waiting(world)
    asked = {o["id"]: o["batch_id"] for o in world.operations(state="planned")}
    for _ in range(2):
        world.night()
        assert waiting(world) == one
        assert {o["id"]: o["batch_id"] for o in world.operations(state="planned")} == asked
    assert "cust_TalentPoolEntry" not in world.held("successfactors")
    with world.hub() as hub:
        approvals.approve(hub, one["approval"], actor="ann", seen=one["digest"])
        assert not [row for row in approvals.send(hub, one["approval"]) if row["problem"]]
        assert batches_of(hub, asked) == {"confirmed"}
    assert "planned" not in states(world)
    assert len(world.held("successfactors")["cust_TalentPoolEntry"]) == 3


def batches_of(hub: Any, asked: dict[str, str]) -> set[str]:
    """The states of the batches that were asked about."""
    with hub.ledger.read() as tx:
        return {batches.get(tx, name).state for name in set(asked.values())}


def decide_anew(world: World, run_key: str) -> str:
    """Another night, in which every application is decided with the files that count now; its batch."""
    with world.hub() as hub:
        batch = steps.pull(hub, world.flow, run_key)
        flow = hub.flow(world.flow)
        with hub.ledger.read() as tx:
            ids = [e.id for e in documents.of_kind(tx, flow.tenant, "application")]
            known = batches.get(tx, batch)
        decide.decide(hub, flow, known, only=ids)
        for target in flow.targets():
            steps.push(hub, batch, target)
        steps.conclude(hub, batch)
    return batch


def test_a_fresh_decision_takes_the_place_of_the_one_that_waits(world: World) -> None:
    """It is asked about in its own batch; the earlier question is about what is left, and ends where nothing is."""
    strict(world)
    world.night()
    one = waiting(world)
    file = world.home / "mappings" / "rules" / "competencies.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace("每月一次反馈谈话", "每周一次反馈谈话").replace("monthly feedback", "weekly feedback"),
        encoding="utf-8",
    )
    second = decide_anew(world, "second")
    with world.hub() as hub:
        two, left = approvals.listed(hub)
        assert (two["batch"], left["approval"]) == (second, one["approval"])
        assert left["operations"] + two["operations"] == one["operations"]
        assert states(world)["planned"] == one["operations"]
        with pytest.raises(LedgerError) as caught:
            approvals.approve(hub, one["approval"], actor="ann", seen=one["digest"])
        assert caught.value.code == "APPROVAL_CHANGED"
        for asked in (left, two):
            approvals.approve(hub, asked["approval"], actor="ann", seen=asked["digest"])
        steps.settle(hub)
    assert "planned" not in states(world)
    ends = Counter(o["state"] for o in world.operations() if o["entity"] == "Goal_101")
    assert ends == {"superseded": two["operations"], "confirmed": two["operations"]}
    assert len(world.held("successfactors")["Goal_101"]) == two["operations"]


def test_a_question_of_which_nothing_is_left_ends(world: World) -> None:
    """Taken back meanwhile: the question is no longer listed, an answer to it is refused, and nothing was sent."""
    strict(world)
    world.night()
    one = waiting(world)
    with world.hub() as hub:
        undoing.rollback(hub, one["batch"], actor="ann", reason="wrong table")
        assert approvals.listed(hub) == []
        with pytest.raises(LedgerError, match="nothing of it waits any more") as caught:
            approvals.approve(hub, one["approval"], actor="bea")
        assert caught.value.code == "APPROVAL_DECIDED"
        assert approvals.shown(hub, one["approval"])["state"] == "replaced"
        steps.settle(hub)
    assert "cust_TalentPoolEntry" not in world.held("successfactors")
    assert not {"planned", "confirmed"} & set(states(world))


def test_what_is_approved_while_its_flow_is_held_waits_for_the_release(world: World) -> None:
    """The approver's word stands; nothing goes until the flow may."""
    strict(world)
    world.night()
    one = waiting(world)
    with world.hub() as hub:
        holding.put_on_hold(hub, "flow", world.flow, actor="ann", reason="ERP upgrade")
        approvals.approve(hub, one["approval"], actor="bea")
        approvals.send(hub, one["approval"])
        steps.settle(hub)
        assert states(world)["planned"] == one["operations"]
        holding.release(hub, "flow", world.flow, actor="ann")
        steps.settle(hub)
    assert "planned" not in states(world)


def test_the_question_of_a_withdrawn_flow_expires(world: World) -> None:
    """Without its file nobody can approve it; it is reminded of nobody, ends in its time, and keeps `settle` from nothing."""
    strict(world)
    world.edit_flow(lambda flow: flow["policy"].update(approval={"approvers": ["ann"]}))
    world.night()
    one = waiting(world)
    (world.home / "mappings" / "flows" / f"{world.flow}.yaml").unlink()
    with world.hub() as hub, pytest.raises(ConfigError):
        approvals.approve(hub, one["approval"], actor="ann")
    world.clock.forward(hours=5)
    with world.hub() as hub:
        steps.settle(hub)
        assert approvals.listed(hub)[0]["remind_at"] is None
    world.clock.forward(hours=16)
    with world.hub() as hub:
        steps.settle(hub)
        assert approvals.shown(hub, one["approval"])["state"] == "expired"
    assert states(world)["planned"] == one["operations"]


@pytest.mark.parametrize(
    ("policy", "how", "code"),
    [
        ({"approvers": ["bea"]}, {}, "APPROVAL_NOT_YOURS"),
        ({"passkey": True}, {}, "APPROVAL_PASSKEY"),
        ({}, {"actor": "cli"}, "ACTOR_UNKNOWN"),
        ({}, {"seen": "something else"}, "APPROVAL_CHANGED"),
        ({}, {"approval_id": "nothing"}, "APPROVAL_UNKNOWN"),
    ],
)
def test_bad_input_of_an_approval(
    world: World, policy: dict[str, Any], how: dict[str, Any], code: str
) -> None:
    """Clear code, and nothing goes."""
    strict(world)
    world.edit_flow(lambda flow: flow["policy"].update(approval=policy))
    with world.hub() as hub:
        batch = steps.pull(hub, world.flow, "test")
        for shard in range(2):
            steps.score(hub, batch, shard, 2)
        steps.decide(hub, batch)
        one = approvals.listed(hub)[0]
        with pytest.raises(LedgerError) as caught:
            approvals.approve(hub, **{"approval_id": one["approval"], "actor": "ann", **how})
        assert caught.value.code == code
        assert approvals.listed(hub)[0]["state"] == "waiting"


@pytest.mark.parametrize("policy", [{"people": 2}, {"new_versions": True}])
def test_a_marked_batch_waits_as_a_whole(world: World, policy: dict[str, Any]) -> None:
    """More people than allowed, or a first run: nothing goes to any system, write-backs included, until somebody approves."""
    world.edit_flow(lambda flow: flow["policy"].update(approval=policy))
    world.night()
    one = waiting(world)
    assert one["causes"] == ["people" if "people" in policy else "new_version"]
    assert set(states(world)) <= {"planned", "waiting_identity"}
    assert not world.writes("feishu_hire")
    with world.hub() as hub:
        approvals.approve(hub, one["approval"], actor="ann")
        assert not [row for row in approvals.send(hub, one["approval"]) if row["problem"]]
    assert "planned" not in states(world)
    if "new_versions" in policy:
        with world.hub() as hub:
            assert approvals.listed(hub, "approved")[0]["versions"]


@pytest.mark.parametrize("country", ["DE", "NO", "RE"])
def test_the_eu_lets_nothing_flow(world: World, country: str) -> None:
    """Whatever the site's file says; and the check says that it cannot."""
    strict(world, country, "[performance_focus, kpi_weight, talent_pool_entry]")
    assert country in EEA
    with world.hub() as hub:
        flow = hub.flow(world.flow)
        given = NewInput("i", {"requisition": {"site": "global"}}, "s")
        wanted = [
            Wanted("t", "e", kind, {"x": 1}, {"kind": kind}, "s", "v", input=given)
            for kind in (*sorted(SENSITIVE), "training_recommendation")
        ]
        assert [entry.awaits for entry in gated(hub, flow, wanted)] == ["sensitive"] * 3 + [""]
    (finding,) = {entry.code for entry in check_home(world.home).findings}
    assert finding == "SITE_DECISIONS_EEA"


def test_sites_inherit(tmp_path: Path) -> None:
    """What a file leaves out counts as in the one that it extends; a circle is refused."""
    folder = tmp_path / "mappings" / "sites"
    folder.mkdir(parents=True)
    head = "apiVersion: trivet/v1\nkind: Site\nmetadata: {name: %s}\ntimezone: Asia/Shanghai\n"
    (folder / "cn.yaml").write_text(
        head % "cn" + "country: CN\ndecisions: {flow: [kpi_weight]}\n", encoding="utf-8"
    )
    (folder / "sh.yaml").write_text(head % "sh" + "extends: cn\n", encoding="utf-8")
    sites = load_sites(tmp_path)
    assert (sites["sh"].country, sites["sh"].flows) == ("CN", frozenset({"kpi_weight"}))
    (folder / "eu.yaml").write_text(head % "eu" + "data: {region: EU}\n", encoding="utf-8")
    assert load_sites(tmp_path)["eu"].in_eea
    (folder / "cn.yaml").write_text(head % "cn" + "extends: sh\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="circle"):
        load_sites(tmp_path)


@pytest.mark.parametrize(
    ("document", "marks"),
    [
        ({"stage": "Rejected"}, True),
        ({"a": [{"application_status": "not hired"}]}, True),
        ({"employmentStatus": "TERMINATED"}, True),
        ({"结果": "淘汰", "result": "淘汰"}, True),
        ({"action": "promotion"}, True),
        ({"status": "complete", "text": "rejected"}, False),
        ({"result": "9.0"}, False),
        (None, False),
    ],
)
def test_a_verdict_on_a_person_is_seen_in_any_document(document: Any, marks: bool) -> None:
    """By the field that tells a fate and the word in it."""
    assert marks_person(document) is marks


def test_a_rejection_never_goes_alone(world: World) -> None:
    """A mapping that sets somebody's status waits even where the site lets everything flow."""
    file = world.home / "mappings" / "successfactors" / "talent_pool_entry.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("fields:\n", "fields:\n  status: {value: promoted}\n"), encoding="utf-8")
    world.night()
    assert waiting(world)["causes"] == ["verdict"]
    assert "cust_TalentPoolEntry" not in world.held("successfactors")


def test_production_lets_nothing_flow_unless_a_site_says_so(world: World) -> None:
    """Without a file that speaks of it, everything sensitive waits."""
    for file in (world.home / "mappings" / "sites").glob("*.yaml"):
        file.unlink()
    known = json.loads(world.settings.connections.read_text())
    for one in known.values():
        one["extra"]["environment"] = "production"
    world.settings.connections.write_text(json.dumps(known))
    world.edit_flow(lambda flow: flow.update(environment="production", versions="files"))
    world.night()
    assert waiting(world)["causes"] == ["sensitive"]
    with sqlite3.connect(world.state / "ledger.db") as db:
        kinds = db.execute(
            "SELECT DISTINCT o.entity FROM operation o JOIN gate g ON g.operation_id = o.id WHERE o.attempts > 0"
        ).fetchall()
    assert kinds == []


def test_an_auditors_record_names_approvers_and_nobody_else(world: World, tmp_path: Path) -> None:
    """Scorers, approvals, counted decisions; no candidate's name, number or pseudonym is in it; a record is not overwritten."""
    strict(world)
    world.night()
    one = waiting(world)
    with world.hub() as hub:
        approvals.approve(hub, one["approval"], actor="ann")
    file = tmp_path / "record.json"
    words = ("compliance", "export", world.flow, str(file), "--since", "2026-01-01")
    (row,) = rows(world, *words)
    assert (row["approvals"], row["scorers"] > 0) == (1, True)
    made = json.loads(file.read_text(encoding="utf-8"))
    (told,) = made["oversight"]["approvals"]
    assert (told["by"], told["causes"], told["state"]) == ("ann", ["sensitive"], "approved")
    assert made["oversight"]["operations_approved"] == one["operations"]
    assert made["oversight"]["sites"][0]["flow_without_approver"] == []
    assert sum(entry["number"] for entry in made["decisions"]) == row["decisions"] > 0
    text = file.read_text(encoding="utf-8")
    with world.hub() as hub:
        for entry in report.deliveries(hub, limit=1000):
            person = report.person(hub, entry["subject_ref"])
            for secret in (
                person["name"],
                entry["subject_ref"],
                *(i["identifier"] for i in person["identities"]),
            ):
                assert secret not in text
    assert "EXPORT_EXISTS" in trivet(world, *words, exits=2)
    assert "DATE" in trivet(world, *words[:-1], "yesterday", exits=2)
