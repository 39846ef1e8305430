"""What is wrong in a flow file is found at its character, as in a mapping."""

import shutil
from pathlib import Path

import pytest

from trivet.flow.check import check_home

ROOT = Path(__file__).parents[3]
FLOW = "mappings/flows/nightly_interviews.yaml"


@pytest.fixture
def found(tmp_path):
    """The findings after one change of the repository's own flow: `line:column: code: message`."""
    shutil.copytree(ROOT / "mappings", tmp_path / "mappings")

    def change(old, new):
        file = tmp_path / FLOW
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")
        findings = check_home(tmp_path).findings
        assert {finding.file for finding in findings} <= {FLOW}
        return [f"{f.line}:{f.column}: {f.code}: {f.message}" for f in findings]

    return change


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        ('requisition.family = "engineering"', '"研发" = (a b)', "b)'", 'EXPR_SYNTAX: Expected ")", got "b"'),
        ("'requisition.family = \"sales\"'", "requisition.famly = 1", "requisition.famly",
         "PATH_UNKNOWN: the input has no requisition.famly, did you mean 'family'?"),
        ("'requisition.family = \"sales\"'", "assessment.language = 1", "assessment.language",
         "PATH_UNKNOWN: the input has no assessment"),
        ("'requisition.family = \"sales\"'", "interview.round", "interview.round", "FALSY_ZERO: a 0 counts as false here"),
        ("'requisition.site = \"global\"'", "requisition.site = $place", "requisition.site = $place",
         "VARIABLE_UNKNOWN: $place is not bound"),
        ("[rules/competencies]", "[rules/competences]", "rules/competences",
         "MAPPING_MISSING: no file mappings/rules/competences.yaml, did you mean 'rules/competencies'?"),
        ("shards: 2", "shards: two", "two", "CONFIG_TYPE: /scoring/shards is not of type integer"),
        ("policy: {", "polcy: {", "polcy", "CONFIG_UNKNOWN_KEY: /polcy unknown field, did you mean 'policy'?"),
        ("schemas/flow.schema", "schemas/rules.schema", "../../schemas/rules", "EDITOR_HEAD: "),
        ("shards: 2", "shards: [2", ": [rules", "CONFIG_YAML"),
    ],
)  # fmt: skip
def test_a_mistake_is_found_at_its_character(found, old, new, at, said):
    """Expressions by their offset, also behind wide characters; structure and YAML at their true line."""
    text = (ROOT / FLOW).read_text(encoding="utf-8").replace(old, new, 1)
    start = text.index(at)
    line, column = text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
    assert found(old, new)[0].startswith(f"{line}:{column}: {said}")


ORDERS = """
assessment_orders:
  connection: feishu_hire
  mapping: feishu_hire/assessment_result
  addresses: {report: "https://reports.example/{order}"}
  packages:
    - {id: a, name: {zh: 甲, en: A}}
    - {id: b, name: {zh: 乙, en: B}}
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("id: b", "id: a", "PACKAGE_DUPLICATE: package 'a' is offered twice"),
        ("id: b", "id: b b", "CONFIG_PATTERN: /assessment_orders/packages/1/id"),
        ("zh: 乙, ", "", "CONFIG_MISSING: /assessment_orders/packages/1/name/zh"),
        ("assessment_result", "assessment_results", "MAPPING_MISSING: no file mappings/feishu_hire/assessment_results.yaml"),
        ("https://reports", "reports", "CONFIG_PATTERN: /assessment_orders/addresses/report"),
        ("  mapping:", "  publish: x\n  mapping:", "MAPPING_MISSING: no file mappings/x.yaml"),
    ],
)  # fmt: skip
def test_what_can_be_ordered_is_checked(found, old, new, said):
    """Packages by their ids and names, mappings by their files, addresses by their form."""
    assert found("\npolicy:", ORDERS + "\npolicy:") == []
    assert said in found(old, new)[0]


def test_the_summary_counts(tmp_path):
    """Errors and warnings by number, nothing for none."""
    shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    assert check_home(tmp_path).summary().startswith("no findings in ")
    file = tmp_path / FLOW
    file.write_text(file.read_text(encoding="utf-8").replace("[rules/competencies]", "[rules/a, rules/b]"))
    shutil.rmtree(tmp_path / "mappings" / "rules")
    assert check_home(tmp_path).summary().startswith("2 errors in ")


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("rubrics/teamwork", "  2:\n", "  2.5:\n", "CONFIG_UNKNOWN_KEY: /levels/2.5 unknown field"),
        ("rubrics/teamwork", "definition:\n", "definition:\n  fr: Travailler ensemble\n", "CONFIG_UNKNOWN_KEY: /definition/fr"),
        ("rubrics/teamwork", "schemas/rubric", "schemas/terms", "EDITOR_HEAD: "),
        ("behaviours/teamwork", "'stepped in for'", "'stepped (in for'", "PATTERN_SYNTAX: no regular expression: "),
        ("behaviours/teamwork", "name: shares", "nam: shares", "CONFIG_UNKNOWN_KEY: /indicators/1/nam"),
        ("terms/engineering", "{term: SCADA}", "{term: SCADA, aliases: [KANBAN]}", "TERM_TWICE: 'KANBAN' already means '看板'"),
        ("terms/engineering", "{term: SCADA}", "{term: 5}", "CONFIG_TYPE: /terms/7/term is not of type string"),
    ],
)  # fmt: skip
def test_what_scorers_judge_by_is_checked(tmp_path: Path, file: str, old: str, new: str, said: str) -> None:
    """A level without its words, an expression that is none, a spelling of two terms: found before anybody is scored by it."""
    shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    assert check_home(tmp_path).findings == ()
    wrong = tmp_path / "mappings" / f"{file}.yaml"
    text = wrong.read_text(encoding="utf-8")
    assert old in text
    wrong.write_text(text.replace(old, new, 1), encoding="utf-8")
    findings = check_home(tmp_path, [wrong]).findings
    assert {finding.file for finding in findings} == {f"mappings/{file}.yaml"}
    assert any(f"{finding.code}: {finding.message}".startswith(said) for finding in findings), findings
