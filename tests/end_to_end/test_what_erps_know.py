"""What an ERP knows comes back: numbers for those who wait, codes that may be sent, and what became of people."""

import json
import shutil
import sqlite3
from typing import Any

import pytest
from conftest import World
from ruamel.yaml import YAML

from trivet.errors import AuthFailed, ConfigError
from trivet.flow import report, steps, undoing

DIRECTORY = {"employees": ["http_json/employee"]}
RESULTS = {
    "completions": ["http_json/training_completion"],
    "performance_results": ["http_json/performance_result"],
    "goals": ["http_json/goal_progress"],
}

SERVICE = "我耐心地听她说完。我向她道歉。我当天就给她换了新的。她非常满意。"
"""Words that are worth the service course."""


def knows(world: World, mappings: dict[str, list[str]]) -> None:
    """The nightly flow asks the in-house ERP too."""
    world.edit_flow(lambda flow: flow.update(knows=[{"connection": "http_json", "mappings": mappings}]))


def feedback_flow(world: World, mappings: dict[str, list[str]] = RESULTS) -> None:
    """A second flow that only listens."""
    flow = {
        "apiVersion": "trivet/v1", "kind": "Flow", "metadata": {"name": "feedback", "owner": "hr-it@yunxiu.example"},
        "tenant": "yunxiu", "environment": "sandbox",
        "knows": [{"connection": "http_json", "mappings": mappings}],
        "feedback": {"connection": "feishu_hire", "mapping": "feishu_hire/feedback_note"},
    }  # fmt: skip
    with (world.home / "mappings" / "flows" / "feedback.yaml").open("w", encoding="utf-8") as out:
        YAML().dump(flow, out)


def listen(world: World) -> str:
    """One run of the feedback flow; the batch's id."""
    with world.hub() as hub:
        batch_id = steps.pull(hub, "feedback", "test")
        steps.decide(hub, batch_id)
        steps.push(hub, batch_id, "feishu_hire")
        steps.conclude(hub, batch_id)
        return batch_id


def notes(world: World, word: str) -> list[str]:
    """Notes in the HR system that begin with this word, without our reference."""
    said = [
        str(note["content"]).partition("\n\nTrivet reference")[0]
        for note in world.held("feishu_hire")["note"]
    ]
    return sorted(text for text in said if text.startswith(word))


def hire(world: World, number: str, **more: Any) -> None:
    """A new colleague appears in the ERP's directory."""
    entry = {
        "id": f"emp-{number}", "employee_no": number, "full_name": "somebody",
        "employment": {"status": "A", "hired_on": "2026-11-23", "left_on": None}, **more,
    }  # fmt: skip
    world.change("http_json", kind="employee", insert=entry)
    world.change(
        "kingdee_cloud", form="BD_Empinfo", insert={"FNumber": number, "FName": "x", "FDocumentStatus": "C"}
    )


def test_completions_ratings_and_goals_reach_the_hr_record_once(world: World) -> None:
    """Each becomes one note; nothing new the next day; a mended completion mends its note."""
    world.night()
    feedback_flow(world)
    listen(world)
    courses = notes(world, "培训结果")
    assert len(courses) == 4
    (first,) = [text for text in courses if "TRN-SVC-201" in text]
    assert first.splitlines()[1:3] == ["通过 · passed, 2026-11-15", "达成率 · pass rate: 80 %"]
    assert len(notes(world, "绩效结果")) == len(notes(world, "目标进展")) == 4
    before = world.held("feishu_hire")["note"]
    batch_id = listen(world)
    assert world.held("feishu_hire")["note"] == before
    assert world.operations(batch_id=batch_id) == []
    world.change("http_json", kind="completion", where={"employee_no": "10000101"}, set={"points": 90})
    listen(world)
    changed = notes(world, "培训结果")
    assert len(changed) == 4
    assert len([text for text in changed if "pass rate: 90 %" in text]) == 1


def test_what_is_not_worth_telling_is_not_told(world: World) -> None:
    """The flow's condition chooses; what it leaves out is no trouble."""
    world.night()
    feedback_flow(world)
    file = world.home / "mappings" / "flows" / "feedback.yaml"
    text = file.read_text(encoding="utf-8")
    told = "mapping: feishu_hire/feedback_note"
    file.write_text(text.replace(told, f"{told}\n  when: 'feedback.passed'"), encoding="utf-8")
    batch_id = listen(world)
    assert len(notes(world, "培训结果")) == 2
    assert notes(world, "绩效结果") == notes(world, "目标进展") == world.summary(batch_id)["set_aside"] == []


def test_the_flow_that_comes_with_trivet_tells_how_our_goals_go(world: World) -> None:
    """A probation focus that we set is half done: the HR record hears of it, and of nobody's other goals."""
    world.night()
    goal = next(goal for goal in world.held("successfactors")["Goal_101"] if goal.get("trivetRef"))
    world.change(
        "successfactors",
        entity="Goal_101",
        where={"trivetRef": goal["trivetRef"]},
        set={"done": 50.0, "state": "On Track"},
    )
    batch_id = listen(world)
    told = notes(world, "目标进展")
    ours = [g for e in ("Goal_1", "Goal_101") for g in world.held("successfactors")[e] if g.get("trivetRef")]
    assert len(told) == len(ours)
    assert [text for text in told if goal["name"] in text and "done: 50 %" in text]
    assert world.summary(batch_id)["set_aside"] == []


def test_feedback_can_be_explained_and_taken_back(world: World) -> None:
    """The person's page shows it, and a rollback of the batch removes exactly its notes."""
    world.night()
    feedback_flow(world)
    before = world.held("feishu_hire")["note"]
    batch_id = listen(world)
    with world.hub() as hub:
        told = report.person(hub, "10000101")["timeline"]
        assert [entry for entry in told if "training_completion" in json.dumps(entry, ensure_ascii=False)]
        rows = undoing.rollback(hub, batch_id, actor="ann", reason="test")
    assert {row["state"] for row in rows} == {"compensated"}
    assert world.held("feishu_hire")["note"] == before


def test_of_strangers_nothing_is_kept(world: World) -> None:
    """Employees who never applied, and their ratings, leave no content in the ledger."""
    world.night()
    hire(world, "77700001", email="stranger@example.com")
    world.change("http_json", kind="review", insert={
        "id": "9001", "emp": "77700001", "cycle": "2026Q3", "grade": "D", "score": 1, "max": 5, "on": "2026/10/15", "kpis": [],
    })  # fmt: skip
    feedback_flow(world, {**DIRECTORY, **RESULTS})
    batch_id = listen(world)
    assert world.summary(batch_id)["set_aside"] == []
    with sqlite3.connect(world.state / "ledger.db") as db:
        kept = dict(
            db.execute(
                "SELECT external_id, payload_enc IS NOT NULL FROM record WHERE connection = 'http_json'"
            )
        )
        about = db.execute(
            "SELECT count(*) FROM document WHERE id LIKE '%/77700001' OR id LIKE '%/9001'"
        ).fetchone()
    assert kept["emp-77700001"] == kept["9001"] == 0
    assert kept["emp-10000101"] == 1
    assert about == (0,)


@pytest.mark.parametrize(
    "address", [{"email": "Wu.Min@example.org "}, {"phone": "138 0000 0203"}], ids=["email", "phone"]
)
def test_the_directory_releases_what_waits_for_a_number(world: World, address: dict[str, str]) -> None:
    """The HR system never learns the number; the ERP's directory does, and the course goes out."""
    knows(world, DIRECTORY)
    world.night()
    assert "waiting_identity" in {o["state"] for o in world.operations(target="kingdee_cloud")}
    hire(world, "10000203", **address)
    world.night()
    assert "10000203" in {p["FStaffNumber"] for p in world.held("kingdee_cloud")["PAEZ_TrainingPlan"]}
    assert {o["state"] for o in world.operations(target="kingdee_cloud")} == {"confirmed"}


def test_an_employee_who_applies_is_recognised(world: World) -> None:
    """The directory was read before the candidate was known: her address ties the two together."""
    knows(world, DIRECTORY)
    hire(world, "10000203", email="wu.min@example.org")
    feedback_flow(world, DIRECTORY)
    with world.hub() as hub:
        steps.conclude(hub, steps.pull(hub, "feedback", "first"))
    world.night()
    assert "10000203" in {p["FStaffNumber"] for p in world.held("kingdee_cloud")["PAEZ_TrainingPlan"]}


def test_an_address_of_two_candidates_names_neither(world: World) -> None:
    """A family's telephone decides nothing: a person has to, and nothing is sent to the wrong one."""
    talents = world.held("feishu_hire")["talent"]
    wu = next(t for t in talents.values() if t["basic_info"]["name"] == "吴敏")
    lin = next(t for t in talents.values() if t["basic_info"]["name"] == "林晓雨")
    knows(world, DIRECTORY)
    world.night()
    with world.hub() as hub, hub.ledger.begin() as tx:
        from trivet.ledger import people
        from trivet.ledger.people import Identity

        ids = [
            people.pseudonym(tx, "yunxiu", "candidate", f"feishu_hire/talent/{t['id']}") for t in (wu, lin)
        ]
        people.put_contacts(
            tx, "yunxiu", [Identity(ids[1], "phone", "13800000203", "feishu_hire")], "candidate"
        )
    hire(world, "10000203", phone="13800000203")
    batch_id = world.night()
    assert "IDENTITY_AMBIGUOUS" in {a["code"] for a in world.summary(batch_id)["set_aside"]}
    assert "10000203" not in {p["FStaffNumber"] for p in world.held("kingdee_cloud")["PAEZ_TrainingPlan"]}


def test_who_has_left_gets_nothing_more(world: World) -> None:
    """A leaver's new scores go nowhere; what she had stays hers."""
    knows(world, DIRECTORY)
    world.night()
    before = world.erps()
    left = {"status": "T", "hired_on": "2026-11-02", "left_on": "2026-11-20"}
    world.change("http_json", kind="employee", where={"employee_no": "10000301"}, set={"employment": left})
    world.speak("rs1", SERVICE + "我和同事一起分享经验。")
    world.night()
    assert world.erps() == before


def test_a_code_that_the_erp_dropped_is_refused_before_it_is_sent(world: World) -> None:
    """The course has left the list: the decision is set aside with the reason, and comes back with the course."""
    knows(world, {"courses": ["http_json/course"]})
    world.edit_flow(lambda flow: flow["deliver"].append(
        {"connection": "http_json", "decisions": {"training_recommendation": {"mapping": "http_json/training_recommendation"}}}
    ))  # fmt: skip
    course = {"id": "TRN-SVC-201", "code": "TRN-SVC-201", "title": "客户服务技巧", "active": True}
    world.night()
    assert "TRN-SVC-201" in {p["course_code"] for p in world.held("http_json")["training_plan"]}
    world.change("http_json", kind="course", where={"code": "TRN-SVC-201"}, delete=True)
    world.speak("rs1", SERVICE + "我和同事一起分享经验。")
    sent = world.held("http_json")["training_plan"]
    batch_id = world.night()
    (aside,) = [a for a in world.summary(batch_id)["set_aside"] if a["code"] == "CODE_UNKNOWN"]
    assert aside["pointer"] == "/course_code"
    assert "training_recommendation.yaml" in aside["place"]
    assert world.held("http_json")["training_plan"] == sent
    world.change("http_json", kind="course", insert=course)
    world.speak("rs1", SERVICE + "我和同事一起分享经验。" * 2)
    batch_id = world.night()
    assert not [a for a in world.summary(batch_id)["set_aside"] if a["code"] == "CODE_UNKNOWN"]


def test_an_erp_that_locks_us_out_does_not_stop_the_night(world: World) -> None:
    """The directory's wrong password is set aside; everybody else is delivered. A flow that only listens fails."""
    knows(world, DIRECTORY)
    world.connect(http_json={"password": "wrong"})
    batch_id = world.night()
    assert "CREDENTIALS_REFUSED" in {a["code"] for a in world.summary(batch_id)["set_aside"]}
    assert "confirmed" in {o["state"] for o in world.operations(target="successfactors")}
    feedback_flow(world)
    with world.hub() as hub, pytest.raises(AuthFailed):
        steps.pull(hub, "feedback", "test")


def test_a_stream_that_nobody_has_is_named(world: World) -> None:
    """A misspelt stream would otherwise be pulled by nobody, in silence."""
    feedback_flow(world, {"completion": ["http_json/training_completion"]})
    with world.hub() as hub, pytest.raises(ConfigError, match="no stream 'completion'") as caught:
        steps.pull(hub, "feedback", "test")
    assert caught.value.cure == "did you mean completions?"


def test_a_flow_has_to_read_something_and_say_what_for(world: World) -> None:
    """The file's contract: no feedback without a system that knows, no delivery without a source."""
    from trivet.documents import Contracts

    feedback_flow(world)
    data = YAML(typ="safe").load(
        (world.home / "mappings" / "flows" / "feedback.yaml").read_text(encoding="utf-8")
    )
    contracts = Contracts.packaged()
    assert contracts.check("flow", data) == []
    assert contracts.check("flow", {k: v for k, v in data.items() if k != "knows"})
    rules = {**data, "rules": ["rules/competencies"]}
    assert [v.pointer for v in contracts.check("flow", rules)] == ["/source"]
    shutil.rmtree(world.home)
