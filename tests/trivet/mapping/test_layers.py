"""A branch's file says what differs; every part of the whole remembers its file and line."""

import re

import pytest

from trivet.documents import Contracts
from trivet.errors import ConfigError
from trivet.mapping import Library
from trivet.mapping.check import check_mappings
from trivet.mapping.effective import effective_lines

HEAD = "apiVersion: trivet/v1\nkind: {kind}\nmetadata: {{name: {name}, version: 1}}\n"
BELOW = (
    HEAD.format(kind="Mapping", name="hq/course")
    + """\
source: {schema: vendor}
target: {connector: erp, entity: Course}
tables: {courses: tables/courses.csv}
let:
  who: 'person.name'
fields:
  Name: {expr: '$who', max_length: 10}
  Code: {from: code, lookup: courses, column: title}
  Note: {value: hq}
"""
)
BRANCH = HEAD.format(kind="Mapping", name="berlin/course") + "extends: hq/course\n"
RULES = (
    HEAD.format(kind="Rules", name="rules/hq")
    + """\
common: {candidate_id: {from: application.candidate_id}, rule: {expr: $rule}}
rules:
  - name: first
    decision: training_recommendation
    when: 'assessment.score >= 9'
    key: '"first"'
    fields: {reason: {value: of hq}, competency: {value: teamwork}}
  - name: second
    decision: talent_pool_entry
    when: 'assessment.score >= 8'
    key: '"second"'
    fields: {reason: {value: second}}
"""
)
NOW = __import__("datetime").datetime(2026, 11, 20, tzinfo=__import__("datetime").UTC)
GIVEN = {"person": {"name": "Ann"}, "code": "A"}


@pytest.fixture
def library(home, write):
    """Headquarters' files, and a branch's with these lines."""
    write("tables/courses.csv", "key,title\nA,English\n")
    write("tables/berlin.csv", "key,title\nA,Deutsch\n")
    write("hq/course.yaml", BELOW)
    write("rules/hq.yaml", RULES)

    def made(lines, name="berlin/course.yaml", head=BRANCH):
        write(name, head + lines)
        return Library(home, Contracts.packaged())

    return made


@pytest.mark.parametrize(
    ("lines", "made"),
    [
        ("", {"Name": "Ann", "Code": "English", "Note": "hq"}),
        ("fields: {Note: {value: berlin}}\n", {"Name": "Ann", "Code": "English", "Note": "berlin"}),
        ("fields: {Note: null}\n", {"Name": "Ann", "Code": "English"}),
        ("fields: {More: {value: 1}}\n", {"Name": "Ann", "Code": "English", "Note": "hq", "More": 1}),
        ("tables: {courses: tables/berlin.csv}\n", {"Name": "Ann", "Code": "Deutsch", "Note": "hq"}),
        ("let: {who: '\"Frau \" & person.name'}\n", {"Name": "Frau Ann", "Code": "English", "Note": "hq"}),
    ],
)
def test_a_branch_changes_what_it_names(library, lines, made):
    """A field, a table, a value: replaced, added or taken away; the rest stays."""
    branch = library(lines).mapping("berlin/course")
    assert branch.apply(GIVEN, variables={}, now=NOW).documents == [made]
    untouched = library("").mapping("hq/course").apply(GIVEN, variables={}, now=NOW).documents
    assert untouched == [{"Name": "Ann", "Code": "English", "Note": "hq"}]


def test_three_layers_lie_on_each_other(library, write):
    """A branch of a branch."""
    library("fields: {Note: {value: berlin}, More: {value: 1}}\n")
    head = HEAD.format(kind="Mapping", name="mitte/course") + "extends: berlin/course\n"
    top = library("fields: {More: {value: 2}}\n", "mitte/course.yaml", head).mapping("mitte/course")
    assert top.apply(GIVEN, variables={}, now=NOW).documents[0]["Note"] == "berlin"
    assert top.apply(GIVEN, variables={}, now=NOW).documents[0]["More"] == 2


def test_the_version_follows_every_layer(library, home, write):
    """A change of headquarters' file is another version of the branch's mapping."""
    before = library("fields: {Note: {value: berlin}}\n").mapping("berlin/course").version_id
    write("hq/course.yaml", BELOW.replace("max_length: 10", "max_length: 11"))
    after = Library(home, Contracts.packaged()).mapping("berlin/course").version_id
    assert before != after


def rules(library, lines):
    """The branch's rules."""
    head = HEAD.format(kind="Rules", name="rules/berlin") + "extends: rules/hq\n"
    return library(lines, "rules/berlin.yaml", head).rules("rules/berlin")


@pytest.mark.parametrize(
    ("lines", "score", "decided"),
    [
        ("", 9, [("first", "of hq"), ("second", "second")]),
        ("rules: [{name: first, when: 'assessment.score >= 7'}]\n", 7, [("first", "of hq")]),
        ("rules: [{name: first, off: true}]\n", 9, [("second", "second")]),
        ("rules: [{name: first, fields: {reason: {value: berlin}}}]\n", 9, [("first", "berlin"), ("second", "second")]),
        ("rules: [{name: third, decision: kpi_weight, when: 'true', key: '\"x\"', fields: {reason: {value: r}}}]\n",
         1, [("third", "r")]),
    ],
)  # fmt: skip
def test_a_branch_changes_single_rules(library, lines, score, decided):
    """Rules are found by their name; a new one comes last."""
    given = {"assessment": {"score": score}, "application": {"candidate_id": "c"}}
    made, problems = rules(library, lines).decide(given, NOW)
    assert problems == []
    assert [(d.rule, d.document["reason"]) for d in made] == decided


@pytest.mark.parametrize(
    ("lines", "code", "place"),
    [
        ("fields: {Noot: null}\n", "LAYER_UNKNOWN", "berlin/course.yaml:5:16"),
        ("fields: {Note: {valeu: 1}}\n", "CONFIG_UNKNOWN_KEY", "berlin/course.yaml:5:"),
        ("source: {schema: x}\n", "CONFIG_UNKNOWN_KEY", "berlin/course.yaml:5:1"),
    ],
)
def test_bad_input_a_layer_that_does_not_fit(library, lines, code, place):
    """The place is the branch's line."""
    with pytest.raises(ConfigError) as caught:
        library(lines).mapping("berlin/course")
    assert caught.value.code == code
    assert place in str(caught.value.place)


def test_bad_input_layers_in_a_circle(library, write):
    """Told at the line that closes it."""
    made = library("")
    write("hq/course.yaml", BELOW.replace("source:", "extends: berlin/course\nsource:"))
    with pytest.raises(ConfigError) as caught:
        made.mapping("berlin/course")
    assert caught.value.code == "LAYER_CIRCLE"


def test_bad_input_a_layer_over_nothing_or_over_another_kind(library):
    """A missing file names its near miss; rules cannot extend a mapping."""
    head = BRANCH.replace("hq/course", "hq/cuorse")
    with pytest.raises(ConfigError) as caught:
        library("", head=head).mapping("berlin/course")
    assert (caught.value.code, caught.value.cure) == ("MAPPING_MISSING", "did you mean hq/course?")
    head = BRANCH.replace("hq/course", "rules/hq")
    with pytest.raises(ConfigError) as caught:
        library("", head=head).mapping("berlin/course")
    assert caught.value.code == "LAYER_KIND"


def test_the_whole_is_judged_too(library):
    """What only fits together as nothing is told at the part that is to blame."""
    lines = "rules: [{name: third, decision: kpi_weight, when: 'true'}]\n"
    with pytest.raises(ConfigError) as caught:
        rules(library, lines)
    assert caught.value.code == "CONFIG_MISSING"
    assert "rules/berlin.yaml:5:9" in str(caught.value.place)


def test_the_check_looks_through_layers(library, home, write):
    """A wrong expression is found in the file that holds it, once; a file of tests is asked of a layer too."""
    library("fields: {Note: {expr: '$wo'}}\n")
    test = "apiVersion: trivet/v1\nkind: MappingTest\nbase: {}\ntests: [{name: nothing}]\n"
    for name in ("hq/course", "rules/hq"):
        write(f"{name}.test.yaml", test)
    found = check_mappings(home, Contracts.packaged())
    said = [str(f) for f in found if "rules/hq" not in f.file and f.code != "EDITOR_HEAD"]
    assert said == [
        "mappings/berlin/course.yaml:1:1: TEST_MISSING: no course.test.yaml beside it",
        "mappings/berlin/course.yaml:5:16: VARIABLE_UNKNOWN: $wo is not bound, did you mean 'who'?",
    ]


def test_the_effective_file_shows_where_each_line_came_from(library, home):
    """It is YAML again, and means the same."""
    from ruamel.yaml import YAML

    made = library("fields: {Note: {value: berlin}}\n")
    lines = list(effective_lines(made, "berlin/course"))
    assert re.search(r"^  Note: .*# mappings/berlin/course.yaml:5$", "\n".join(lines), re.M)
    assert re.search(r"^  Name: .*# mappings/hq/course.yaml:10$", "\n".join(lines), re.M)
    data = YAML(typ="safe", pure=True).load("\n".join(lines))
    assert data["fields"]["Note"] == {"value": "berlin"}
    assert "extends" not in data
    shown = list(effective_lines(made, "rules/hq"))
    assert YAML(typ="safe", pure=True).load("\n".join(shown))["rules"][1]["name"] == "second"
