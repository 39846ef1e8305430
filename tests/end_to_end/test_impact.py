"""How scores fall on groups, over a real night: the tables of Local Law 144; groups are in no file of ours afterwards."""

import csv
from pathlib import Path
from typing import Any

import pytest
from conftest import World
from end_to_end.graded import PEOPLE, grade
from end_to_end.shell import rows, trivet

MARK = "Zaphodian"
GROUPS = [  # candidate, grade, sex, race
    ("be1", 9.0, "Female", "Asian"), ("be2", 8.0, "f", "asian"), ("be3", 7.5, "女", "White"), ("ae1", 3.0, "Female", "White"),
    ("ae2", 7.0, "Male", "White"), ("ae3", 6.5, "M", " white "), ("rs1", 3.5, "男", "Asian"), ("rs2", 4.0, "male", "Asian"),
    ("rs3", 4.5, "Male", MARK), ("wa1", 5.0, "Male", "=cmd|' /C calc'!A0"), ("wa2", 8.5, "prefer not to say", "White"),
]  # fmt: skip
"""And wa3, of whom the file says nothing."""


def application(candidate: str) -> str:
    """Feishu's own id of the candidate's application."""
    return f"69401{PEOPLE.index(candidate):014d}"


@pytest.fixture
def scored(world: World) -> World:
    """A night in which everybody got these grades."""
    grade(world)
    for candidate, points, _, _ in [*GROUPS, ("wa3", 5.5, "", "")]:
        world.speak(candidate, f"teamwork={points}; leadership={'6' if candidate == 'be1' else 'none'}")
    world.night()
    return world


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Who said what of herself."""
    made = tmp_path / "groups.csv"
    lines = [f"{application(c)},{sex},{race}" for c, _, sex, race in GROUPS]
    made.write_text("\n".join(["application_id,sex,race_ethnicity", *lines, "4711,Male,White"]), "utf-8-sig")
    return made


def by_category(said: Any, table: str) -> dict[str, Any]:
    """The table's rows by category."""
    return {row["category"]: row for row in said["tables"] if row["table"] == table}


def test_the_tables_of_the_law(scored: World, file: Path) -> None:
    """Counts, rates above the median of the full sample, ratios to the best; by hand."""
    said = rows(scored, "impact", "--groups", str(file), "--competency", "teamwork")
    # 9 8.5 8 7.5 7 6.5 | 5.5 5 4.5 4 3.5 3
    assert said["sample"]["median"] == 6.0
    assert (said["sample"]["people"], said["sample"]["not_found"]) == (12, 1)
    assert said["sample"]["unknown"] == {"sex": 2, "race/ethnicity": 1, "sex and race/ethnicity": 2}
    sex = by_category(said, "sex")
    assert sex.keys() == {"Female", "Male", "(unknown)"}
    assert (sex["Female"]["count"], sex["Female"]["above_median"], sex["Female"]["scoring_rate"]) == (
        4,
        3,
        0.75,
    )
    assert (sex["Male"]["count"], sex["Male"]["above_median"], sex["Male"]["scoring_rate"]) == (6, 2, 0.3333)
    assert (sex["Female"]["impact_ratio"], sex["Female"]["below_four_fifths"]) == (1.0, False)
    assert (sex["Male"]["impact_ratio"], sex["Male"]["below_four_fifths"]) == (0.444, True)
    assert sex["(unknown)"]["count"] == 2
    race = by_category(said, "race/ethnicity")
    assert {name: (row["count"], row["above_median"]) for name, row in race.items() if row["share"]} == {
        "Asian": (4, 2), "White": (5, 4), MARK: (1, 0), "=cmd|' /C calc'!A0": (1, 0),
    }  # fmt: skip
    assert (race["White"]["impact_ratio"], race["Asian"]["impact_ratio"]) == (1.0, 0.625)
    both = by_category(said, "sex and race/ethnicity")
    assert (both["White / Female"]["count"], both["White / Female"]["scoring_rate"]) == (2, 0.5)
    assert both["Asian / Female"]["impact_ratio"] == 1.0
    assert sum(row["count"] for row in both.values()) == 12


def test_groups_are_read_and_forgotten(scored: World, file: Path, tmp_path: Path) -> None:
    """Not a byte of the ledger changes, nothing is called, and no file of the deployment names a group."""
    before = (scored.state / "ledger.db").read_bytes()
    calls = {name: len(scored.calls(name)) for name in ("feishu_hire", "successfactors")}
    out = tmp_path / "tables.csv"
    trivet(scored, "impact", "--groups", str(file), "--csv", str(out))
    assert (scored.state / "ledger.db").read_bytes() == before
    assert {name: len(scored.calls(name)) for name in calls} == calls
    for found in (scored.home, scored.state):
        for one in found.rglob("*"):
            assert one.is_dir() or MARK.encode() not in one.read_bytes(), one
    with out.open(encoding="utf-8-sig", newline="") as lines:
        written = list(csv.DictReader(lines))
    assert "'=cmd|' /C calc'!A0" in {row["category"] for row in written}
    assert not any(cell.startswith(("=", "+", "@")) for row in written for cell in row.values())


def test_what_people_read(scored: World, file: Path) -> None:
    """Percentages, marks in words, and below the table who is not in it."""
    said = trivet(scored, "impact", "--groups", str(file), "--competency", "teamwork")
    assert "33.3 %" in said
    assert "below four fifths" in said
    assert "sex 2, race/ethnicity 1" in said
    assert "1 lines of the file name nobody" in said
    assert "11 applications have no such score" in trivet(
        scored, "impact", "--groups", str(file), "--competency", "leadership"
    )


def test_by_candidate_and_by_whole_id(scored: World, tmp_path: Path) -> None:
    """Any of our ids and the HR system's own."""
    file = tmp_path / "c.csv"
    file.write_text(
        f"candidate_id,sex,race\nfeishu_hire/talent/{application('be1').replace('69401', '69301')},F,Asian\n"
        f"{application('rs1').replace('69401', '69301')},M,Asian\n"
    )
    said = rows(scored, "impact", "--groups", str(file), "--competency", "teamwork")
    assert said["sample"]["not_found"] == 0
    assert by_category(said, "sex")["Male"]["impact_ratio"] == 0.0
    assert said["sample"]["unknown"]["sex"] == 10


def test_bad_files_and_empty_samples_are_refused(scored: World, tmp_path: Path, file: Path) -> None:
    """One line with code and cure, exit code 2."""
    one = application("be1")
    for text, code in (
        ("application_id,sex\n1,F\n", "GROUPS_HEAD"),
        ("name,sex,race_ethnicity\nx,F,A\n", "GROUPS_HEAD"),
        (f"application_id,sex,race_ethnicity\n{one},F,Asian\n{one},M,Asian\n", "GROUPS_TWICE"),
        ("application_id,sex,race_ethnicity\n1,F\n", "TABLE_ROW"),
    ):
        bad = tmp_path / "bad.csv"
        bad.write_text(text)
        assert code in trivet(scored, "impact", "--groups", str(bad), exits=2), text
    words = ("impact", "--groups", str(file))
    assert "SAMPLE_EMPTY" in trivet(scored, *words, "--competency", "teamwrok", exits=2)
    assert "SAMPLE_EMPTY" in trivet(scored, *words, "--since", "2999-01-01", exits=2)
    assert "OPTIONS" in trivet(scored, *words, "--overall", "--competency", "teamwork", exits=2)
    assert "DATE" in trivet(scored, *words, "--since", "soon", exits=2)
