"""The workbench on a real night: preview, explain, plan, apply, go back; each through the command line."""

import json
from typing import Any

import pytest
from conftest import World
from end_to_end.shell import command

COURSE = "service talent goes to the service course"


def trivet(world: World, *arguments: str, given: str | None = None, fails: bool = False) -> str:
    """What the command prints."""
    done = command(world, *arguments, given=given or "")
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stdout + done.stderr


def asked(world: World, *arguments: str, given: str | None = None, fails: bool = False) -> Any:
    """What the command prints as JSON."""
    return json.loads(trivet(world, *arguments, "--json", given=given, fails=fails).partition("\nerror:")[0])


def course(world: World) -> dict[str, Any]:
    """A delivered recommendation of the service course."""
    known = [one for one in world.operations(target="kingdee_cloud") if one["state"] == "confirmed"]
    return next(
        told
        for told in (asked(world, "explain", one["reference"]) for one in known)
        if told["rule"] and told["rule"]["name"] == COURSE
    )


def test_a_delivery_is_explained(world: World) -> None:
    """Why did this person get this course: rule, values, table row, field, versions, scorer and the words heard."""
    world.night()
    told = course(world)
    assert told["delivery"]["state"] == "confirmed"
    score = told["assessment"]["score"]["score"]
    assert [score, 9] in [one["values"] for one in told["rule"]["compared"]]
    assert any("TRN-SVC-201" in str(one["values"]) for one in told["rule"]["looked_up"])
    assert told["rule"]["holds_again"] is True
    (code,) = [one for one in told["mapping"]["fields"] if one["field"] == "FCourseNumber"]
    assert (code["value"], code["from"]) == ("TRN-SVC-201", "decision.course.code")
    assert told["mapping"]["version"].startswith("kingdee_cloud/training_recommendation@1#")
    assert told["assessment"]["score"]["evidence"][0]["quote"]
    assert told["assessment"]["scorers"]
    text = trivet(world, "explain", told["delivery"]["reference"])
    assert f"{score} and 9 is true" in text
    assert told["person"]["name"] in text


def test_an_explanation_stays_what_it_was(world: World) -> None:
    """A later change of the rules file does not change why something was delivered."""
    world.night()
    before = course(world)
    file = world.home / "mappings" / "rules" / "competencies.yaml"
    file.write_text(file.read_text().replace(".score >= 9'", ".score >= 9.9'"))
    after = asked(world, "explain", before["delivery"]["reference"])
    assert after["rule"] == before["rule"]


def test_bad_input_an_unknown_delivery_is_not_explained(world: World) -> None:
    """One line with the cure."""
    assert "DELIVERY_UNKNOWN" in trivet(world, "explain", "NOSUCH", "--json", fails=True)


def test_a_file_is_previewed(world: World) -> None:
    """From the test's base, a file, standard input, or what the ledger holds."""
    base = asked(world, "preview", "rules/competencies")
    assert base["output"][0]["rule"] == COURSE
    given = json.dumps(
        {**base["input"], "assessment": {**base["input"]["assessment"], "competency_scores": []}}
    )
    assert asked(world, "preview", "mappings/rules/competencies.yaml", "-i", "-", given=given)["output"] == []
    sample = world.state / "sample.json"
    sample.write_text(given)
    assert asked(world, "preview", "rules/competencies", "--input", str(sample))["output"] == []
    world.night()
    made = course(world)["delivery"]
    stored = asked(world, "preview", "kingdee_cloud/training_recommendation", "--record", made["reference"])
    assert stored["output"][0]["FCourseNumber"] == "TRN-SVC-201"
    talent = next(iter(world.held("feishu_hire")["talent"]))
    assert asked(world, "preview", "feishu_hire/candidate", "--record", talent)["output"][0]["id"].endswith(
        talent
    )
    beside = trivet(world, "preview", "rules/competencies")
    assert "input of rules/competencies@1#" in beside


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        (("nosuch/file",), None, "MAPPING_MISSING"),
        (("rules/competencies", "-i", "nosuch.json"), None, "INPUT_MISSING"),
        (("rules/competencies", "-i", "-"), "{", "JSON_SYNTAX"),
        (("rules/competencies", "--record", "nosuch"), None, "RECORD_UNKNOWN"),
    ],
)
def test_bad_input_preview(world: World, arguments: tuple[str, ...], given: str | None, said: str) -> None:
    """Each with its code."""
    assert said in trivet(world, "preview", *arguments, "--json", given=given, fails=True)


def test_a_preview_with_problems_says_so(world: World) -> None:
    """Problems are shown with their place, and the exit code is not 0."""
    shown = asked(
        world, "preview", "successfactors/training_recommendation", "-i", "-", given="{}", fails=True
    )
    assert {"MAP_REQUIRED"} == {one["code"] for one in shown["problems"]}
    assert "training_recommendation.yaml:" in shown["problems"][0]["place"]


def test_plan_apply_and_back(world: World) -> None:
    """A changed rule is planned on the last nights' people, applied, used by the next night, and taken back."""
    world.edit_flow(lambda flow: flow.update(versions="applied"))
    flow = world.flow
    assert "RELEASE_MISSING" in trivet(world, "run", flow, fails=True)
    assert "PLAN_MISSING" in trivet(world, "apply", flow, "--json", fails=True)
    asked(world, "plan", flow)
    assert asked(world, "apply", flow, "--note", "first")[0]["release"] == 1
    world.night()
    courses = len(world.held("kingdee_cloud")["PAEZ_TrainingPlan"])
    file = world.home / "mappings" / "rules" / "competencies.yaml"
    file.write_text(
        file.read_text().replace(".score >= 9'", ".score >= 9.9'").replace("value: 20", "value: 25")
    )
    told = asked(world, "plan", flow)
    assert told["applications"] > 0
    assert [(one["file"], one["effect"]) for one in told["files"]] == [
        ("rules/competencies", "counted below")
    ]
    assert told["targets"]["kingdee_cloud"]["withdraw"] >= 1
    assert any("eight" in name for name in told["fields"])
    assert any("successfactors" in one["what"] for one in told["examples"])
    text = trivet(world, "plan", flow)
    assert "withdraw" in text
    # nothing was sent, and a run still uses what is applied
    assert len(world.held("kingdee_cloud")["PAEZ_TrainingPlan"]) == courses
    world.speak("rs1", "我把客户当朋友。")
    before = world.operations()
    assert asked(world, "apply", flow, "--note", "stricter")[0]["release"] == 2
    (newest, *_) = asked(world, "releases", flow)
    assert (newest["applied_by"], newest["note"], newest["plan"]) == ("ann", "stricter", told["plan"])
    assessment = world.home / "mappings" / "assessments" / "interview.yaml"
    assessment.write_text(assessment.read_text().replace("version: 3", "version: 4"))
    # what was scored is not scored again, and the plan says so
    (scored,) = asked(world, "plan", flow)["files"]
    assert (scored["file"], scored["effect"]) == ("assessments/interview", "from the next run on")
    assert asked(world, "apply", flow, "--back")[0]["note"] == "back to release 1"
    (newest, _, oldest) = asked(world, "releases", flow)
    assert newest["versions"] == oldest["versions"]
    assert world.operations() == before


def test_bad_input_a_plan_of_other_files_is_not_applied(world: World) -> None:
    """What was looked at is what is applied."""
    world.edit_flow(lambda flow: flow.update(versions="applied"))
    asked(world, "plan", world.flow)
    file = world.home / "mappings" / "rules" / "competencies.yaml"
    file.write_text(file.read_text().replace("value: 20", "value: 25"))
    assert "PLAN_STALE" in trivet(world, "apply", world.flow, "--json", fails=True)


def test_a_flow_that_uses_its_files_has_no_releases(world: World) -> None:
    """A release that no run would use is refused."""
    asked(world, "plan", world.flow)
    assert "RELEASE_UNUSED" in trivet(world, "apply", world.flow, "--json", fails=True)


def test_a_mapping_is_drafted_from_target_and_sample(world: World) -> None:
    """The target says what it takes, the sample what comes in: the draft runs, and its test passes."""
    (*_, recommendation) = [
        row for row in asked(world, "describe", "successfactors", "--write")
        if row["entity"] == "cust_TrainingRecommendation"
    ]  # fmt: skip
    assert "cust_courseCode" in recommendation["required"]
    assert recommendation["schema"]["properties"]["cust_courseCode"] == {"type": "string", "maxLength": 40}
    given = json.dumps(
        {"user_id": "100", "course": {"code": "A1", "title": "Listening"}, "score": 8.5, "odd": None}
    )
    name = "successfactors/drafted"
    target = "successfactors.cust_TrainingRecommendation"
    (file, test) = asked(world, "new", "mapping", name, "--target", target, "-i", "-", given=given)
    assert (file["file"], test["file"]) == (f"mappings/{name}.yaml", f"mappings/{name}.test.yaml")
    shown = asked(world, "preview", name)
    assert shown["output"] == [
        {"cust_userId": "100", "cust_courseCode": "A1", "cust_courseTitle": "Listening", "cust_score": 8.5}
    ]
    text = (world.home / file["file"]).read_text()
    assert "cust_courseCode: {from: course.code, required: true, max_length: 40}" in text
    assert "# nothing in the sample looks like it: cust_dueDate" in text
    assert "passed" in trivet(world, "test", name)
    assert "FILE_EXISTS" in trivet(
        world, "new", "mapping", name, "--target", target, "-i", "-", given=given, fails=True
    )
    asked(world, "new", "mapping", "ats/person", "--target", "candidate", "-i", "-", given='{"name": "Ann"}')
    assert asked(world, "preview", "ats/person", fails=True)["problems"]


@pytest.mark.parametrize(
    ("name", "target", "given", "said"),
    [
        ("x/y", "nosuch", "{}", "SCHEMA_UNKNOWN"),
        ("x/y", "successfactors.Nosuch", "{}", "TARGET_UNKNOWN"),
        ("../y", "candidate", "{}", "NAME"),
        ("x/y", "candidate", "[]", "INPUT_TYPE"),
    ],
)
def test_bad_input_new_mapping(world: World, name: str, target: str, given: str, said: str) -> None:
    """Each with its code, and nothing is written."""
    assert said in trivet(
        world, "new", "mapping", name, "--target", target, "-i", "-", given=given, fails=True
    )
    assert not (world.home / "mappings" / "x").exists()


def test_the_stored_descriptions_are_what_the_tenant_says(world: World) -> None:
    """The check judges by mappings/targets/: it lags behind no tenant that the sandbox stands for."""
    for row in asked(world, "describe", "successfactors"):
        stored = world.home / "mappings" / "targets" / "successfactors" / f"{row['entity']}.schema.json"
        assert json.loads(stored.read_text()) == row["schema"]


def test_bad_input_a_target_that_describes_nothing(world: World) -> None:
    """One line with the cure."""
    assert "NOT_DESCRIBING" in trivet(world, "describe", "feishu_hire", fails=True)
