"""The same company behind every HR system that we know: the ERPs come out the same, and each record gets its scores."""

from collections import Counter
from typing import Any

import pytest
from conftest import ROOT, World
from hr import HR, small, use
from ruamel.yaml import YAML

from trivet.ledger import cases


@pytest.fixture(params=HR)
def hr(world: World, request: pytest.FixtureRequest) -> str:
    """The HR system."""
    use(world, request.param)
    return str(request.param)


def counted(world: World, of: str) -> Counter[tuple[str, str]]:
    """Operations at one system by entity and state."""
    return Counter((o["entity"], o["state"]) for o in world.operations() if o["target"] == of)


def test_the_erps_get_what_the_company_expects(hr: str, world: World) -> None:
    """Wherever the people come from; who has no number waits, and every assessment is written back."""
    expected = YAML(typ="safe").load(
        (ROOT / "sandbox" / "world" / "expected.yaml").read_text(encoding="utf-8")
    )
    batch_id = world.night()
    assert Counter(a["code"] for a in world.summary(batch_id)["set_aside"]) == expected["set_aside"]
    for erp in ("successfactors", "kingdee_cloud"):
        wanted = {
            (entity, "waiting_identity" if word == "waiting" else "confirmed"): n
            for entity, words in expected["deliveries"][erp].items()
            for word, n in words.items()
        }
        assert counted(world, erp) == wanted
    (notes,) = expected["deliveries"]["feishu_hire"].values()
    assert counted(world, hr) == {(HR[hr]["write_back"], "confirmed"): notes["delivered"]}


def test_a_second_night_sends_nothing(hr: str, world: World) -> None:
    """What we wrote into the HR system changes its records, and is no news."""
    world.night()
    before = {name: len(world.writes(name)) for name in world.sandbox.servers}
    batch_id = world.night()
    assert {name: len(world.writes(name)) for name in world.sandbox.servers} == before
    assert world.summary(batch_id)["systems"] == []


def test_a_hire_releases_what_waited(hr: str, world: World) -> None:
    """The number comes with the application, or with the employee where the HR system keeps a directory."""
    world.night()
    waiting = [o for o in world.operations() if o["state"] == "waiting_identity"]
    assert waiting
    world.change(hr, what="hire", candidate="be3", employee_number="10000103")
    world.night()
    assert len([o for o in world.operations() if o["state"] == "waiting_identity"]) < len(waiting)


def test_all_of_it_can_be_taken_back(hr: str, world: World) -> None:
    """The HR system and the ERPs are as they were; what a vendor has no way to take away is a person's to look at."""
    from trivet.flow import undoing

    before = {name: world.held(name) for name in (hr, "successfactors", "kingdee_cloud")}
    batch_id = world.night()
    with world.hub() as hub:
        undoing.rollback(hub, batch_id, actor="test", reason="trial")
    after = {name: world.held(name) for name in before}
    stays = after[hr].pop(HR[hr]["final"]) if "final" in HR[hr] else {}
    before[hr].pop(HR[hr].get("final"), None)
    assert after == before
    assert [code for code, _ in cases_of(world)] == ["CANNOT_BE_TAKEN_BACK"] * len(stays)


def test_a_pause_in_the_middle_of_a_list_is_waited_out(
    hr: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vendor that counts by the half minute does not end a night: the pull goes on where it stood."""
    monkeypatch.setattr("trivet.http.SHORT_WAIT", 0.1)
    world.connect(**{hr: small(world, hr)})
    for _ in range(2):
        world.misbehave(hr, kind="http_429", path=HR[hr]["people"], after=1, retry_after="0.5")
    batch_id = world.night()
    assert sum(call["status"] == 429 for call in world.calls(hr)) == 2
    assert [row["code"] for row in world.summary(batch_id)["set_aside"]] == ["CONSENT_MISSING"]
    assert len(world.operations()) == len({o["reference"] + o["kind"] for o in world.operations()}) > 20


def test_a_pause_without_end_sets_the_stream_aside(
    hr: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the code, and the next night goes on there."""
    monkeypatch.setattr("trivet.http.SHORT_WAIT", 0.1)
    monkeypatch.setattr("trivet.flow.pull.PATIENCE", 1.0)
    world.misbehave(hr, kind="http_429", path=HR[hr]["people"], times=1000, retry_after="0.6")
    batch_id = world.night()
    assert "THROTTLED" in {row["code"] for row in world.summary(batch_id)["set_aside"]}
    world.behave(hr)
    world.clock.forward(seconds=2)
    batch_id = world.night()
    assert [row["code"] for row in world.summary(batch_id)["set_aside"]] == ["CONSENT_MISSING"]


def cases_of(world: World) -> list[tuple[str, str]]:
    """Code and text of every open case."""
    with world.hub() as hub, hub.ledger.read() as tx:
        return [(entry.code, entry.message) for entry in cases.find(tx)]


def test_who_was_deleted_there_is_left_alone(hr: str, world: World) -> None:
    """What waited for her is cancelled, nothing more is sent, and of what was delivered a person is asked."""
    world.night()
    waiting = [o for o in world.operations() if o["state"] == "waiting_identity"]
    for candidate in ("be3", "be1"):
        world.change(hr, what="delete", candidate=candidate)
    world.clock.forward(days=8)
    sent = {name: len(world.writes(name)) for name in world.sandbox.servers}
    world.night()
    assert {name: len(world.writes(name)) for name in world.sandbox.servers} == sent
    left = [o for o in world.operations() if o["state"] == "waiting_identity"]
    assert len(left) < len(waiting)
    told = cases_of(world)
    assert [code for code, _ in told] == ["PERSON_GONE", "PERSON_GONE"]
    assert sum("successfactors" in text for _, text in told) == 1
    world.night()
    assert cases_of(world) == told


def test_a_list_that_lost_most_of_its_records_deletes_nobody(hr: str, world: World, monkeypatch: Any) -> None:
    """A fault of the vendor's is likelier: it is told every night until somebody has looked."""
    monkeypatch.setattr("trivet.flow.pull.FEW", 1)
    world.night()
    keys = ("be1", "be2", "be3", "ae1", "ae2", "rs1", "wa1")
    for candidate in keys:
        world.change(hr, what="delete", candidate=candidate)
    world.clock.forward(days=8)
    for _ in range(2):
        batch_id = world.night()
        assert "MASS_DELETION" in {row["code"] for row in world.summary(batch_id)["set_aside"]}
    assert cases_of(world) == []
    source = lambda flow: flow["source"].update(max_gone_share=1.0)  # noqa: E731
    world.edit_flow(source)
    batch_id = world.night()
    assert "MASS_DELETION" not in {row["code"] for row in world.summary(batch_id)["set_aside"]}
    assert {code for code, _ in cases_of(world)} == {"PERSON_GONE"}


def records_of(world: World) -> dict[str, set[str]]:
    """Everybody's record references."""
    found: dict[str, set[str]] = {}
    for o in world.operations():
        found.setdefault(o["subject_ref"], set()).add(o["reference"])
    return found


@pytest.mark.parametrize(("merging", "again"), [("greenhouse", 1), ("ashby", 1), ("lever", 0)])
def test_two_records_of_one_person_become_one(merging: str, again: int, world: World) -> None:
    """Merged at the vendor: what was known and delivered of the one is the other's, and no ERP is sent anything twice."""
    use(world, merging)
    world.night()
    before = records_of(world)
    world.change(merging, what="merge", candidate="be3", into="ae3")
    world.clock.forward(days=8)
    sent = {name: len(world.writes(name)) for name in world.sandbox.servers}
    world.night()
    # the assessment names its candidate, who is another now, and is made anew: scores tell their day, a note does not
    sent[merging] += again
    assert {name: len(world.writes(name)) for name in world.sandbox.servers} == sent
    assert cases_of(world) == []
    after = records_of(world)
    (gone,) = set(before) - set(after)
    (stays,) = {subject for subject in after if after[subject] != before[subject]}
    assert after[stays] == before[stays] | before[gone]


def reports(world: World) -> dict[str, str]:
    """Page by file name of every report at Greenhouse."""
    held = world.held("greenhouse")["attachments"].values()
    names = {row["filename"]: row["_content"] for row in held if row["filename"].endswith(".html")}
    return {name: bytes.fromhex(content).decode() for name, content in names.items()}


def attach_reports(flow: dict[str, Any]) -> None:
    """The flow writes reports beside the scores."""
    flow["write_back"]["report"] = "greenhouse/report"


def test_a_report_is_attached_and_taken_back(world: World) -> None:
    """Once, in the language of the position, with what the scores rest on and who made them; replaced when it changes."""
    use(world, "greenhouse")
    world.edit_flow(attach_reports)
    before = world.held("greenhouse")
    batch_id = world.night()
    assert counted(world, "greenhouse") == {("scores", "confirmed"): 12, ("report", "confirmed"): 12}
    first = reports(world)
    assert len(first) == 12
    assert all("behaviour_baseline" in text and "script_reader" in text for text in first.values())
    assert {name.partition(" [")[0] for name in first} == {"AI 面试评估", "AI interview assessment"}
    sent = len(world.writes("greenhouse"))
    world.night()
    assert len(world.writes("greenhouse")) == sent
    world.speak("be2", "I worked alone. I do not like teams. I never ask anybody.", "greenhouse")
    second_id = world.night()
    second = reports(world)
    changed = {name for name in second if second[name] != first.get(name)}
    assert (set(second), len(changed)) == (set(first), 1)
    from trivet.flow import undoing

    with world.hub() as hub:
        undoing.rollback(hub, second_id, actor="test", reason="trial")
        assert reports(world) == first
        undoing.rollback(hub, batch_id, actor="test", reason="trial")
    assert reports(world) == {}
    assert {k: v["custom_fields"] for k, v in world.held("greenhouse")["applications"].items()} == {
        k: v["custom_fields"] for k, v in before["applications"].items()
    }


def test_an_answer_that_was_lost_leaves_one_report(world: World) -> None:
    """Asked for by its name after the quiet time, never uploaded twice."""
    use(world, "greenhouse")
    world.edit_flow(attach_reports)
    world.misbehave("greenhouse", kind="reset_after", method="POST", path="/v3/attachments")
    world.night()
    world.clock.forward(minutes=5)
    with world.hub() as hub:
        from trivet.flow import steps

        steps.settle(hub)
    world.night()
    assert len(reports(world)) == 12
    assert counted(world, "greenhouse")["report", "confirmed"] == 12


def test_lever_keeps_a_report_beside_the_note(world: World) -> None:
    """A page of the opportunity, which a second night leaves alone, and which goes when it is taken back."""
    from trivet.flow import undoing

    use(world, "lever")
    world.edit_flow(lambda flow: flow["write_back"].update(report="lever/report"))
    before = world.held("lever")
    batch_id = world.night()
    assert counted(world, "lever") == {("note", "confirmed"): 12, ("report", "confirmed"): 12}
    assert len(world.held("lever")["files"]) == len(before["files"]) + 12
    sent = len(world.writes("lever"))
    world.night()
    assert len(world.writes("lever")) == sent
    with world.hub() as hub:
        undoing.rollback(hub, batch_id, actor="test", reason="trial")
    assert world.held("lever") == before


def test_what_came_before_its_application_is_not_lost(world: World) -> None:
    """A night in which the list of applications fails leaves interviews without one; the next night has both."""
    use(world, "greenhouse")
    world.misbehave("greenhouse", kind="http_500", method="GET", path=r"/v3/applications\?", times=1000)
    batch_id = world.night()
    assert "REFERENCE_UNKNOWN" in {row["code"] for row in world.summary(batch_id)["set_aside"]}
    assert world.operations() == []
    world.behave("greenhouse")
    batch_id = world.night()
    assert [row["code"] for row in world.summary(batch_id)["set_aside"]] == ["CONSENT_MISSING"]
    assert counted(world, "greenhouse") == {("scores", "confirmed"): 12}
