"""`trivet check` as a person meets it: each kind of finding at its character with its caret, and silent where all is well."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft7Validator
from typer.testing import CliRunner

from trivet.cli.app import app
from trivet.documents.yaml_file import read_yaml

ROOT = Path(__file__).parents[3]
HEAD = """\
# yaml-language-server: $schema=../../schemas/mapping.schema.json
apiVersion: trivet/v1
kind: Mapping
metadata: {name: erp/kpi_weight, version: 1}
source: {schema: delivery_input}
target: {connector: erp, entity: Goal}
"""
TEST = """\
# yaml-language-server: $schema=../../schemas/mapping_test.schema.json
apiVersion: trivet/v1
kind: MappingTest
base: {}
tests: [{name: nothing}]
"""
GOAL = {
    "type": "object",
    "properties": {
        "userId": {"type": "string", "maxLength": 100},
        "name": {"type": "string", "maxLength": 40},
        "weight": {"type": "number"},
        "state": {"type": "string", "readOnly": True},
        "nick": {"type": "string", "pii": False},
        "lines": {"type": "array"},
        "count": {"type": "integer"},
    },
    "required": ["userId", "weight"],
    "additionalProperties": False,
}
DEMANDED = """\
  userId: {from: person.employee_number, required: true, max_length: 100, pii: true}
  weight: {from: decision.weight_percent, required: true}
"""


@pytest.fixture
def check(home, write, monkeypatch):
    """Runs the command on one file of a deployment with a described target; the lines that it prints."""
    monkeypatch.setenv("TRIVET_HOME", str(home))
    goal = home / "mappings" / "targets" / "erp" / "Goal.schema.json"
    goal.parent.mkdir(parents=True)
    goal.write_text(json.dumps(GOAL), encoding="utf-8")

    def run(fields="", *options, head=HEAD, demanded=DEMANDED, more=None, code=None):
        text = head + "fields:\n" + demanded + (fields + "\n" if fields else "")
        write("erp/kpi_weight.yaml", text)
        write("erp/kpi_weight.test.yaml", TEST)
        for name, content in (more or {}).items():
            write(name, content)
        done = CliRunner().invoke(app, ["check", *options])
        if code is not None:
            assert done.exit_code == code, done.output
        return done.output.splitlines()

    return run


def test_a_good_file_is_silent(check):
    """And the last line says how much was looked at."""
    assert check("  name: {from: decision.indicator, max_length: 40}", "--strict", code=0) == [
        "no findings in 1 file"
    ]


@pytest.mark.parametrize(
    ("field", "place", "code", "caret"),
    [
        # a syntax error inside a block scalar
        ("  name:\n    max_length: 40\n    expr: |\n      decision.rule &\n      (a b)", "14:10", "EXPR_SYNTAX", "b)"),
        ("  name: {expr: '\"客户\" & (a b)', max_length: 40}", "10:27", "EXPR_SYNTAX", "b)"),
        ("  name: {from: decision.indicatr, max_length: 40}", "10:9", "PATH_UNKNOWN", "{from"),
        ("  nam: {from: decision.indicator, max_length: 40}", "10:3", "MAPPING_UNKNOWN_FIELD", "nam:"),
        ("  state: {from: decision.indicator}", "10:3", "MAPPING_READONLY_FIELD", "state:"),
        ("  name: {from: decision.indicator, max_length: 41}", "10:48", "FIELD_LENGTH", "41"),
        ("  name: {from: decision.reason}", "10:3", "FIELD_LENGTH", "name:"),
        ("  name: {value: 0123456789012345678901234567890123456789x}", "10:17", "FIELD_LENGTH", "0123"),
        ("  name: {from: person.employee_number, max_length: 40}", "10:3", "PII_FLOW", "name:"),
        ("  nick: {from: person.employee_number, pii: true}", "10:3", "PII_FLOW", "nick:"),
        ("  name: {expr: 'decision.score ? \"a\" : \"b\"', max_length: 40}", "10:17", "FALSY_ZERO", "decision.score ?"),
        ("  name: {expr: '\"是\" & (decision.score ?: 5)', max_length: 40}", "10:24", "FALSY_ZERO", "decision.score ?:"),
        ("  name: {from: decision.indicator, when: decision.score, max_length: 40}", "10:42", "FALSY_ZERO", "decision.score"),
        ("  lines: {from: assessment.competency_scores.score}", "10:17", "SINGLETON", "assessment"),
        ("  lines: {expr: 'assessment.competency_scores.{\"c\": competency}'}", "10:18", "SINGLETON", "assessment"),
        ("  weight2: {from: decision.weight_percent}", "10:3", "MAPPING_UNKNOWN_FIELD", "weight2:"),
        ("  name: {expr: '$string($number(application.candidate_id))', max_length: 40}", "10:25", "NUMERIC_ID", "$number"),
        ("  name: {expr: '$string(9007199254740993)', max_length: 40}", "10:25", "INT_PRECISION", "9007199254740993"),
        ("  name: {expr: '(decision.score and true) ? 1 : 2', max_length: 40}", "10:18", "FALSY_ZERO", "decision.score and"),
        ("  name: {expr: '$exists(decision.rule) or decision.score', max_length: 40}", "10:43", "FALSY_ZERO", "decision.score'"),
        ("  name: {expr: '$string($not(decision.score))', max_length: 40}", "10:30", "FALSY_ZERO", "decision.score)"),
        ("  count: {from: application.candidate_id, type: integer}", "10:17", "NUMERIC_ID", "application"),
        ("  count: {value: 12345678901234567890}", "10:18", "INT_PRECISION", "1234"),
        ("  lines: {from: assessment.competency_scores, type: array}", "10:3", "PII_FLOW", "lines:"),
        ("  name: {from: decision.reason, max_bytes: 41, encoding: gbk}", "10:44", "FIELD_LENGTH", "41"),
        ("  name: {from: decision.rule, lookup: courses, max_length: 40}", "10:39", "TABLE_UNKNOWN", "courses"),
        ("  name: {expr: '$eval(\"1\")', max_length: 40}", "10:17", "EXPR_FORBIDDEN", "$eval"),
    ],
)  # fmt: skip
def test_each_kind_is_found_at_its_character(check, field, place, code, caret):
    """`file:line:column: code: message`, the line itself, and the caret below what is meant."""
    lines = check(field, code=None)
    at = next(i for i, line in enumerate(lines) if f": {code}: " in line)
    assert lines[at].startswith(f"mappings/erp/kpi_weight.yaml:{place}: {code}: ")
    source, pointing = lines[at + 1], lines[at + 2]
    wide = "".join(c + "\0" if "一" <= c <= "鿿" else c for c in source)  # one cell per column
    assert wide[pointing.index("^") :].startswith(caret)


@pytest.mark.parametrize(
    "field",
    [
        "  name: {from: decision.indicator, max_length: 40}",
        "  name: {value: short}",
        "  name: {from: decision.decided_on}",  # a date is never long
        "  nick: {from: decision.indicator}",
        '  name: {expr: \'decision.score > 0 ? "a" : "b"\', max_length: 40}',
        '  name: {expr: \'$exists(decision.score) ? "a" : "b"\', max_length: 40}',
        '  name: {expr: \'decision.indicator ? "a" : "b"\', max_length: 40}',
        "  name: {expr: '$string(decision.score ?? 5)', max_length: 40}",
        "  lines: {from: assessment.competency_scores.score, type: array}",
        "  lines: {expr: '[assessment.competency_scores.score]'}",
        "  name: {expr: '$string(assessment.competency_scores[0].score)', max_length: 40}",
        "  name: {expr: '$string($number(decision.indicator))', max_length: 40}",
        "  name: {expr: '$string(9007199254740992)', max_length: 40}",
        "  count: {value: 9007199254740992}",
        "  count: {from: decision.weight_percent, type: integer}",
        "  count: {expr: '$count(assessment.competency_scores)'}",  # read as a whole, and nothing of it comes out
        "  name: {expr: '$string(decision.score > 3 and decision.score < 5)', max_length: 40}",
        "  name: {expr: '$string($count(assessment.term_counts) ? 1 : 2)', max_length: 40}",
        "  name: {from: decision.reason, max_bytes: 40, encoding: gbk}",
    ],
)
def test_what_is_meant_so_is_left_alone(check, field):
    """The same shapes where nothing is wrong with them."""
    assert check(field, "--strict", code=0) == ["no findings in 1 file"]


def test_what_the_target_requires(check):
    """Absent altogether, or there without being demanded though the input may lack it."""
    lines = check(demanded="  weight: {from: assessment.speech.words}\n", code=1)
    at = "mappings/erp/kpi_weight.yaml:8:3"
    assert any(line.startswith(f"{at}: MAP_REQUIRED: Goal requires 'userId'") for line in lines)
    assert any(line.startswith(f"{at}: REQUIRED_NOT_DEMANDED: Goal requires 'weight'") for line in lines)


@pytest.mark.parametrize(
    "weight",
    [
        "from: decision.weight_percent",
        "from: assessment.speech.words, required: true",
        "from: assessment.speech.words, default: 5",
        "value: 5",
    ],
)
def test_what_is_always_there_need_not_be_demanded(check, weight):
    """By the input's schema, by `required`, by a default or as a constant."""
    user = DEMANDED.splitlines()[0]
    assert check(demanded=f"{user}\n  weight: {{{weight}}}\n", code=0) == ["no findings in 1 file"]


def test_personal_data_is_followed_through_variables_and_entries(check):
    """A `let` that reads it, and `$item` of a list that holds it, count as reading it."""
    let = HEAD + "let: {who: 'application.employee_number & \"!\"'}\n"
    lines = check("  name: {expr: '$who', max_length: 40}", head=let, code=1)
    assert lines[0] == (
        "mappings/erp/kpi_weight.yaml:11:3: PII_FLOW: carries personal data (application.employee_number): "
        "say `pii: true`, or leave it out"
    )
    each = HEAD + "each: assessment.competency_scores[score < 5]\n"
    lines = check("  name: {expr: '$join($item.evidence.quote)', max_length: 40}", head=each, code=1)
    assert "PII_FLOW: carries personal data ($item.evidence.quote)" in lines[0]
    lines = check("  name: {expr: '$item.scor', max_length: 40}", head=each, code=1)
    assert "PATH_UNKNOWN: the input has no $item.scor, did you mean 'score'?" in lines[0]
    assert check("  name: {expr: '$item.competency', max_length: 60}", head=each)[-1].startswith("1 warning")


def test_a_row_that_the_target_would_refuse(check):
    """The texts of a table are known: they are measured, and nothing has to be demanded of the field."""
    head = HEAD + "tables: {courses: tables/courses.csv}\n"
    field = "  name: {from: decision.rule, lookup: courses, column: title}"
    more = {"tables/courses.csv": f"key,title\na,{'课' * 40}\n"}
    assert check(field, "--strict", head=head, more=more, code=0) == ["no findings in 1 file"]
    more = {"tables/courses.csv": f"key,title\na,b\nb,{'课' * 41}\n"}
    lines = check(field, head=head, more=more, code=0)
    assert lines[0].startswith("mappings/erp/kpi_weight.yaml:11:39: FIELD_LENGTH: title of row 'b' is longer")


def test_a_code_that_the_erp_does_not_know(check):
    """Each row of the table that the synced list lacks, with the near one; a table without a list is not judged."""
    table = "key,code,title\na,TRN-001,中\nb,TRN-02,文\n"
    more = {
        "tables/courses.csv": table,
        "codes/courses.code.csv": "code\nTRN-001\nTRN-002\n",
        "tables/free.csv": "key,code\na,x\n",
    }
    uses = HEAD + "tables: {courses: tables/courses.csv}\n"
    lines = check(
        "  name: {from: decision.indicator, lookup: courses, column: title, max_length: 40}",
        head=uses,
        more=more,
        code=1,
    )
    said = "code 'TRN-02' is not in mappings/codes/courses.code.csv, did you mean 'TRN-002'?"
    assert lines[0] == f"mappings/tables/courses.csv:3:3: TABLE_CODE: {said}"
    assert lines[-1] == "1 error in 1 file"
    good = {**more, "tables/courses.csv": table.replace("TRN-02", "TRN-002")}
    assert (
        check(
            "  name: {from: decision.indicator, lookup: courses, column: title, max_length: 40}",
            head=uses,
            more=good,
            code=0,
        )[-1]
        == "no findings in 1 file"
    )


def test_a_yaml_table_is_held_against_its_list_too(check):
    """At the value's own place."""
    more = {
        "tables/org.yaml": "rows:\n  D1: {value: '100'}\n  D2: {value: '200'}\n",
        "codes/org.value.csv": "code,name\n100,HQ\n",
    }
    lines = check(more=more, code=1)
    assert lines[0].startswith(
        "mappings/tables/org.yaml:3:15: TABLE_CODE: value '200' is not in mappings/codes/org.value.csv"
    )


def test_editors_are_told_the_right_schema(check, home):
    """A missing line, a wrong schema, and, where schemas lie beside the mappings, a path that leads nowhere."""
    line, rest = HEAD.split("\n", 1)
    lines = check(head=rest, code=0)
    assert lines[0].startswith("mappings/erp/kpi_weight.yaml:1:1: EDITOR_HEAD: ")
    assert lines[0].split(" (warning)")[0].endswith(f"begin it with `{line}`")
    assert lines[-1] == "1 warning in 1 file"
    assert check("", "--strict", head=rest, code=1)
    lines = check(head=HEAD.replace("mapping.schema", "rules.schema"), code=0)
    assert lines[0].startswith(
        "mappings/erp/kpi_weight.yaml:1:33: EDITOR_HEAD: editors would judge this file by "
    )
    for name in ("mapping", "mapping_test"):
        (home / "schemas").mkdir(exist_ok=True)
        (home / "schemas" / f"{name}.schema.json").write_text("{}")
    assert check("", "--strict", code=0) == ["no findings in 1 file"]
    lines = check(head=HEAD.replace("../../schemas", "../schemas"), code=0)
    assert (
        "EDITOR_HEAD: ../schemas/mapping.schema.json is no file: from here the schema is ../../schemas/"
        in lines[0]
    )


def test_findings_come_in_order_and_one_bad_file_hides_no_other(check):
    """Sorted by file, line and column; a file that is no YAML is one finding among others."""
    more = {"erp/broken.yaml": "a: [1\n", "erp/broken.test.yaml": TEST, "aa/first.yaml": "kind: Nothing\n"}
    lines = check("  nam: {from: decision.indicatr}", more=more, code=1)
    places = [line.split(": ")[0].split(":") for line in lines if line.startswith("mappings/")]
    assert places == sorted(places, key=lambda p: (p[0], int(p[1]), int(p[2])))
    assert {p[0] for p in places} == {
        "mappings/aa/first.yaml",
        "mappings/erp/broken.yaml",
        "mappings/erp/kpi_weight.yaml",
    }
    assert lines[-1].endswith(" in 3 files")


def test_only_what_is_named_is_checked(check, home):
    """Files or folders; a path that is none of ours is an error with its cure."""
    more = {"aa/first.yaml": "kind: Nothing\n"}
    everything = check(more=more, code=1)
    assert everything[-1].endswith(" in 2 files")
    assert check("", str(home / "mappings" / "erp"), more=more, code=0) == ["no findings in 1 file"]
    assert check("", "mappings/erp/kpi_weight.yaml", more=more, code=0) == ["no findings in 1 file"]
    done = CliRunner().invoke(app, ["check", "mappings/nowhere.yaml"])
    assert done.exit_code != 0
    assert done.exception.code == "CONFIG_FILE"


def test_json_for_programs(check):
    """Every finding with its severity."""
    lines = check("  name: {from: decision.reason}", "--json", code=0)
    [finding] = json.loads("\n".join(lines))
    assert (finding["file"], finding["line"], finding["column"]) == ("mappings/erp/kpi_weight.yaml", 10, 3)
    assert (finding["code"], finding["severity"]) == ("FIELD_LENGTH", "warning")


def test_sarif_for_code_hosts(check):
    """2.1.0: every result names a rule that the tool declares, a relative file, and counts from 1."""
    lines = check("  nam: {expr: 'decision.score ? 1 : 2'}", "--format", "sarif", code=1)
    log = json.loads("\n".join(lines))
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert run["tool"]["driver"]["name"] == "trivet check"
    assert {rule["shortDescription"]["text"] for rule in run["tool"]["driver"]["rules"]} == {
        "falsy zero",
        "mapping unknown field",
    }
    assert {result["level"] for result in run["results"]} == {"error", "warning"}
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["message"]["text"]
        [location] = result["locations"]
        place = location["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "mappings/erp/kpi_weight.yaml"
        assert min(place["region"].values()) >= 1


def test_the_repositorys_own_files_are_silent():
    """As a program of its own, warnings included."""
    done = subprocess.run(
        [sys.executable, "-m", "trivet.cli", "check", "--strict"], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.startswith("no findings in ")) == (0, True), (
        done.stdout + done.stderr
    )


EDITED = ("flow", "mapping", "mapping_layer", "mapping_test", "rules", "rules_layer", "site", "table")
LATER = {
    "$dynamicRef",
    "$dynamicAnchor",
    "prefixItems",
    "unevaluatedItems",
    "unevaluatedProperties",
    "dependentSchemas",
    "dependentRequired",
    "minContains",
    "maxContains",
}


@pytest.mark.parametrize("kind", EDITED)
def test_editors_understand_the_schemas(kind):
    """Editors know draft-07: the schemas of files that people edit are valid there and use nothing younger."""
    schema = json.loads((ROOT / "schemas" / f"{kind}.schema.json").read_text(encoding="utf-8"))
    Draft7Validator.check_schema(schema)
    words: set[str] = set()

    def walk(node, names=False):
        if isinstance(node, dict):
            words.update(() if names else node)
            for key, inner in node.items():
                walk(inner, names=key in ("properties", "definitions", "patternProperties") and not names)
        elif isinstance(node, list):
            for inner in node:
                walk(inner)

    walk(schema)
    assert not words & LATER
    files = [
        f
        for f in (ROOT / "mappings").rglob("*.yaml")
        if f.read_text(encoding="utf-8").startswith(
            f"# yaml-language-server: $schema=../../schemas/{kind}.schema.json"
        )
    ]
    for file in files:
        assert not list(Draft7Validator(schema).iter_errors(read_yaml(file).data)), file
