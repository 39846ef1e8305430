"""Interviewers judge, AI and people are compared: on the command line, over a real night."""

import csv
from pathlib import Path
from typing import Any

from conftest import World
from end_to_end.graded import PEOPLE, grade, interview, says
from end_to_end.shell import rows, trivet
from hr import use

from trivet.ledger import documents


def assessments(world: World) -> dict[str, Any]:
    """Every assessment, with its fingerprint."""
    with world.hub() as hub, hub.ledger.read() as tx:
        return {e.id: (e.document, e.fingerprint) for e in documents.of_kind(tx, "yunxiu", "assessment")}


def judged(tmp_path: Path, grades: dict[str, float], by: str = "Li Na", off: float = 0.0) -> str:
    """A CSV in which the interviewer gives everyone what the AI gave, and so much more."""
    lines = ["interview,by,teamwork,remarks,given_at,leadership"]
    lines += [
        f"{interview(c)},{by},{round(g + off, 1)},=cmd|' /C calc'!A0,2026-03-01,{6 if c == 'be1' else ''}"
        for c, g in grades.items()
    ]
    file = tmp_path / f"{by}.csv".replace(" ", "")
    file.write_text("\n".join(lines), encoding="utf-8-sig")
    return str(file)


def test_ai_and_people_are_compared(world: World, tmp_path: Path) -> None:
    """Two interviewers, one of them a point above the AI: counts, kappa, correlation and difference; no score changes."""
    grade(world)
    grades = says(world, 6)
    world.night()
    before, erps = assessments(world), world.erps()
    assert rows(world, "agreement") == []
    done = rows(world, "judgement", "import", judged(tmp_path, grades))
    assert {row["became"] for row in done} == {"added"}
    (row,) = [r for r in rows(world, "agreement") if r["family"] == "(all)"]
    assert row["competency"] == "teamwork"
    assert row["n"] == len(PEOPLE)
    assert (row["kappa"], row["pearson"], row["spearman"], row["difference"]) == (1.0, 1.0, 1.0, 0.0)
    assert row["says"] == "no clear difference"
    rows(world, "judgement", "import", judged(tmp_path, grades, "Wang Wei", 2.0))
    found = rows(world, "agreement", "--flow", world.flow)
    (row,) = [r for r in found if r["family"] == "(all)"]
    assert row["difference"] == -1.0
    assert row["difference_low"] <= -1 <= row["difference_high"]
    assert row["kappa"] < 1 == row["pearson"]
    assert row["says"] == "AI gives less"
    assert row["people_n"] == len(PEOPLE)
    assert row["people_kappa"] < row["kappa"]
    assert row["scorers"].startswith("script_reader 1 + grader 1 #")
    # of one family alone there are too few
    few = [r for r in found if r["family"] == "sales" and r["competency"] == "teamwork"]
    assert [(r["n"], r["kappa"], r["says"][:10]) for r in few] == [(3, None, "too few to")]
    # the AI found no evidence where a person judged
    assert [(r["n"], r["ai_silent"]) for r in found if r["competency"] == "leadership"] == [(0, 1)]
    assert "too few to say" in trivet(world, "agreement")
    assert rows(world, "agreement", "--since", "2026-03-02") == []
    world.night()
    assert assessments(world) == before
    assert world.erps() == erps


def test_an_event_or_a_night_has_nothing_to_do_for_a_judgement(world: World) -> None:
    """The next night scores and sends nothing."""
    grade(world)
    says(world, 6)
    world.night()
    rows(world, "judgement", "add", interview("be1"), "--by", "Li Na", "--score", "teamwork=2")
    sent = len(world.writes("successfactors"))
    grade(world, generosity=3, release="2")
    before = assessments(world)
    world.night()
    assert assessments(world) == before
    assert len(world.writes("successfactors")) == sent


def test_a_judgement_is_replaced_and_audited(world: World) -> None:
    """One word an interviewer and interview, by pseudonym; the trail says who typed; remarks are in no list."""
    grade(world)
    world.night()
    one = ("judgement", "add", interview("rs1"), "--by", "li.na@example.org")
    (row,) = rows(world, *one, "--score", "teamwork=7", "--remarks", "calm under pressure", "--overall", "8")
    assert row["became"] == "added"
    assert row["by"].startswith("p")
    assert "li.na" not in str(row)
    (again,) = rows(
        world, *one, "--score", "teamwork=7", "--remarks", "calm under pressure", "--overall", "8"
    )
    assert again["became"] == "unchanged"
    (row,) = rows(world, *one, "--score", "teamwork=7.5")
    assert row["became"] == "changed"
    listed = trivet(world, "judgement", "list", interview("rs1"))
    assert "calm" not in listed
    (entry,) = rows(world, "judgement", "list")
    assert entry["scores"] == {"teamwork": 7.5}
    with world.hub() as hub, hub.ledger.read() as tx:
        said = tx.conn.exec_driver_sql(
            "SELECT actor, note FROM event WHERE code = 'JUDGEMENT_GIVEN' ORDER BY n"
        ).all()
    assert [actor for actor, _ in said] == ["ann", "ann"]
    assert [note.partition(":")[0] for _, note in said] == ["added", "changed"]
    assert rows(world, "audit", "verify") == []
    assert "calm" not in (world.state / "ledger.db").read_bytes().decode("latin-1")


def test_bad_judgements_are_refused_and_none_is_kept(world: World, tmp_path: Path) -> None:
    """One line with code, place and cure; of a file with one bad row nothing is kept."""
    grade(world)
    world.night()
    add = ("judgement", "add", interview("rs1"), "--by", "Li Na")
    for words, code in (
        (("--score", "teamwork=11"), "SCORE_RANGE"),
        (("--score", "teamwork=-1"), "SCORE_TYPE"),
        (("--score", "teamwork=NaN"), "SCORE_TYPE"),
        (("--score", "teamwork=seven"), "SCORE_TYPE"),
        (("--score", "teamwork=7.25"), "SCORE_DECIMALS"),
        (("--score", "teamwrok=7"), "COMPETENCY_UNKNOWN"),
        (("--score", "teamwork"), "SCORE_OPTION"),
        (("--score", "teamwork=7", "--score", "teamwork=8"), "SCORE_OPTION"),
        ((), "SCORE_MISSING"),
        (("--score", "teamwork=7", "--given-at", "yesterday"), "TIME_TYPE"),
        (("--score", "teamwork=7", "--given-at", "2999-01-01"), "TIME_FUTURE"),
        (("--score", "teamwork=7", "--remarks", "x" * 5001), "TEXT_TOO_LONG"),
    ):
        assert code in trivet(world, *add, *words, exits=2), words
    assert "did you mean teamwork" in trivet(world, *add, "--score", "teamwrok=7", exits=2)
    assert "INTERVIEW_UNKNOWN" in trivet(
        world, "judgement", "add", "4711", "--by", "x", "--score", "teamwork=7", exits=2
    )
    assert "INTERVIEWER_MISSING" in trivet(
        world, "judgement", "add", interview("rs1"), "--by", " ", "--score", "teamwork=7", exits=2
    )
    good = f"{interview('be1')},Li Na,7"
    for name, text, code in (
        ("head.csv", "interview,teamwork\n1,2\n", "TABLE_HEAD"),
        ("row.csv", f"interview,by,teamwork\n{good},9,9\n", "TABLE_ROW"),
        ("score.csv", f"interview,by,teamwork\n{good}\n{interview('be2')},Li Na,70\n", "SCORE_RANGE"),
        ("empty.csv", "", "TABLE_HEAD"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert code in trivet(world, "judgement", "import", str(tmp_path / name), exits=2), name
    assert "score.csv:3" in trivet(world, "judgement", "import", str(tmp_path / "score.csv"), exits=2)
    (tmp_path / "gbk.csv").write_bytes("interview,by,备注\n".encode("gbk"))
    assert "TABLE_ENCODING" in trivet(world, "judgement", "import", str(tmp_path / "gbk.csv"), exits=2)
    assert "TABLE_MISSING" in trivet(world, "judgement", "import", str(tmp_path / "none.csv"), exits=2)
    assert rows(world, "judgement", "list") == []


def test_the_table_is_written_for_spreadsheets(world: World, tmp_path: Path) -> None:
    """Every column of the comparison; a text that a spreadsheet would run is none."""
    grade(world, release="=1+1")
    grades = says(world, 6)
    world.night()
    rows(world, "judgement", "import", judged(tmp_path, grades))
    out = tmp_path / "agreement.csv"
    found = rows(world, "agreement", "--csv", str(out))
    with out.open(encoding="utf-8-sig", newline="") as lines:
        written = list(csv.DictReader(lines))
    assert len(written) == len(found)
    assert written[0]["competency"] == found[0]["competency"]
    assert not any(cell.startswith(("=", "@", "+")) for row in written for cell in row.values())


def test_judgements_come_from_feishu(world: World) -> None:
    """An evaluation form that interviewers filled in there: brought to our scale, replaced when changed, drafts left out."""
    grade(world)
    grades = says(world, 6)
    for candidate, points in grades.items():
        forms = {"团队协作": round(points * 10), "Execution capability": 50}
        world.change("feishu_hire", what="judge", candidate=candidate, by="ou_li_na", scores=forms, of=100)
    world.change(
        "feishu_hire", what="judge", candidate="be1", by="ou_wang", scores={"teamwork": 1}, draft=True
    )
    world.night()
    (row,) = [r for r in rows(world, "agreement") if r["family"] == "(all)"]
    assert (row["n"], row["kappa"], row["people_n"]) == (len(PEOPLE), 1.0, 0)
    assert {r["by"] for r in rows(world, "judgement", "list")} == {"feishu_hire/user/ou_li_na"}
    before, erps = assessments(world), world.erps()
    world.change("feishu_hire", what="judge", candidate="be1", by="ou_wang", scores={"teamwork": 1})
    world.clock.forward(seconds=5)
    world.night()
    found = {r["by"]: r["scores"] for r in rows(world, "judgement", "list", interview("be1"))}
    assert found == {
        "feishu_hire/user/ou_li_na": {"teamwork": grades["be1"]},
        "feishu_hire/user/ou_wang": {"teamwork": 1},
    }
    assert assessments(world) == before
    assert world.erps() == erps


def test_judgements_come_from_greenhouse(world: World) -> None:
    """Scorecards, put together from the vendor's lists: five steps become points, drafts and private notes stay there."""
    grade(world)
    use(world, "greenhouse")

    def change(flow: dict[str, Any]) -> None:
        flow["source"]["mappings"]["scorecards"] = ["greenhouse/judgement"]

    world.edit_flow(change)
    steps = {"strong_yes": 10.0, "yes": 7.5, "no": 2.5}
    for i, candidate in enumerate(PEOPLE):
        rating = list(steps)[i % 3]
        world.speak(candidate, f"teamwork={steps[rating]}; leadership=none", "greenhouse")
        ratings = {"Teamwork": rating, "Handwriting": "mixed"}
        world.change("greenhouse", what="judge", candidate=candidate, by=4080, ratings=ratings, notes="calm")
    world.night()
    (row,) = [r for r in rows(world, "agreement") if r["family"] == "(all)"]
    assert (row["n"], row["kappa"], row["distance"]) == (len(PEOPLE), 1.0, 0.0)
    found = rows(world, "judgement", "list")
    assert len(found) == len(PEOPLE)
    assert {r["by"] for r in found} == {"greenhouse/user/4080"}
    assert all(r["scores"].keys() == {"teamwork"} for r in found)
    with world.hub() as hub, hub.ledger.read() as tx:
        kept = [e.document for e in documents.of_kind(tx, "yunxiu", "judgement")]
    assert {document["remarks"] for document in kept} == {"calm"}
