"""`trivet check` finds what would fail later, at its character, with the near miss."""

import pytest

from trivet.documents import Contracts
from trivet.mapping.check import check_mappings

HEAD = """\
apiVersion: trivet/v1
kind: Mapping
metadata: {name: x/y, version: 1}
source: {schema: delivery_input}
target: {connector: erp, entity: Thing}
"""
CANDIDATE = HEAD.replace("{connector: erp, entity: Thing}", "{schema: candidate}")
EDITED = "# yaml-language-server: $schema=../../schemas/{}.schema.json\n"
TEST = (
    EDITED.format("mapping_test")
    + "apiVersion: trivet/v1\nkind: MappingTest\nbase: {}\ntests: [{name: nothing}]\n"
)


@pytest.fixture
def findings(home, write):
    """What the check says of one file, as `line:column: code: message`."""

    def found(text, name="x/y.yaml", test=TEST):
        write(name, text)
        if test:
            write(name.replace(".yaml", ".test.yaml"), test)
        # the files here begin without the editor's line, so that each finding stands where its text says
        said = [f for f in check_mappings(home, Contracts.packaged()) if f.code != "EDITOR_HEAD"]
        assert all(finding.file == f"mappings/{name}" for finding in said)
        return [f"{f.line}:{f.column}: {f.code}: {f.message}" for f in said]

    return found


def test_a_good_file_has_no_finding(findings):
    """Paths into application, requisition, assessment, decision and person are known."""
    fields = (
        "fields: {A: {from: person.employee_number, pii: true}, B: {from: decision.course.code}, "
        "C: {from: requisition.title}}\n"
    )
    assert findings(HEAD + fields) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("  A: {from: decision.corse.code}", "7:6: PATH_UNKNOWN: the input has no decision.corse, did you mean 'course'?"),
        ("  A: {from: decision.course.cod}", "7:6: PATH_UNKNOWN: the input has no decision.course.cod, did you mean 'code'?"),
        ("  A: {from: persn.employee_number}", "7:6: PATH_UNKNOWN: the input has no persn, did you mean 'person'?"),
        ("  A: {from: assessment.competency_scores.scroe}",
         "7:6: PATH_UNKNOWN: the input has no assessment.competency_scores.scroe, did you mean 'score'?"),
        ("  A: {expr: '$scor + 1'}", "7:6: VARIABLE_UNKNOWN: $scor is not bound"),
        ("  A: {expr: '$tables.coures.a'}", "7:6: TABLE_UNKNOWN: no table 'coures', did you mean 'courses'?"),
        ("  A: {from: decision.rule, lookup: coures}", "7:36: TABLE_UNKNOWN: no table 'coures', did you mean 'courses'?"),
        ("  A: {from: decision.due_on, date: {zone: Asia/Shangai}}", "7:43: DATE_ZONE: no time zone 'Asia/Shangai'"),
        ("  A: {expr: '\"客户\" & (a b)'}", "7:24: EXPR_SYNTAX: Expected \")\", got \"b\""),
        ("  A:\n    expr: |\n      decision.rule &\n      (a b)", "10:10: EXPR_SYNTAX: Expected \")\", got \"b\""),
        ("  A: {from: decision.rule, when: 'a ='}", "7:38: EXPR_SYNTAX: "),
        ("  A: {expr: '$eval(\"1\")'}", "7:14: EXPR_FORBIDDEN: $eval is switched off"),
        ("  A: {expr: '{{ cycler.x }}'}", "7:14: TEMPLATE_FORBIDDEN: templates"),
        ("  A: {expr: 'a.__class__'}", "7:16: EXPR_FORBIDDEN: names like"),
        ("  A: {from: decision.rule, max_lenght: 3}",
         "7:28: CONFIG_UNKNOWN_KEY: /fields/A/max_lenght unknown field, did you mean 'max_length'?"),
        ("  A: {required: true}", "7:6: CONFIG_ONEOF: /fields/A needs exactly one of: from, expr, value"),
        ("  A: {from: decision.rule, expr: x}", "7:6: CONFIG_ONEOF: /fields/A needs exactly one of: from, expr, value"),
        ("  A: {from: decision.rule, required: NO}", "7:38: CONFIG_TYPE: /fields/A/required is not of type boolean"),
    ],
)  # fmt: skip
def test_a_mistake_is_found_at_its_character(findings, write, fields, said):
    """Also inside a block scalar; each with the near miss where there is one."""
    write("tables/c.csv", "key,value\na,b\n")
    tables = "" if "CONFIG" in said else "tables: {courses: tables/c.csv}\n"
    found = findings(HEAD + (tables or "# no tables\n") + "fields:\n" + fields.replace("7:", "8:") + "\n")
    line, rest = said.split(":", 1)
    assert next(f for f in found if "TABLE_UNUSED" not in f).startswith(f"{int(line) + 1}:{rest}")


def test_an_unknown_field_of_a_canonical_target_is_found(findings):
    """And a required one that no field makes."""
    found = findings(
        CANDIDATE.replace("delivery_input", "vendor") + "fields: {id: {from: a}, emial: {from: b}}\n"
    )
    assert found == [
        "6:9: MAP_REQUIRED: candidate requires 'name', no field makes it",
        "6:25: MAPPING_UNKNOWN_FIELD: candidate has no field 'emial', did you mean 'email'?",
    ]


def test_a_missing_schema_is_found(findings):
    """With the near one."""
    found = findings(
        HEAD.replace("{connector: erp, entity: Thing}", "{schema: candidat}") + "fields: {id: {value: x}}\n"
    )
    assert found == ["5:18: SCHEMA_UNKNOWN: no schema 'candidat', did you mean 'candidate'?"]


def test_a_target_mapping_reads_its_own_decision(findings):
    """A file called after a decision may not read another one's fields."""
    text = (
        HEAD.replace("x/y", "erp/kpi_weight")
        + "fields: {A: {from: decision.course.code}, B: {from: decision.period}}\n"
    )
    assert findings(text, "erp/kpi_weight.yaml") == [
        "6:13: PATH_UNKNOWN: the input has no decision.course, did you mean 'score'?"
    ]


def test_intermediate_values_each_and_tables_are_looked_at(findings):
    """Not only fields."""
    text = HEAD + "tables: {t: tables/none.csv}\nlet: {a: '(1'}\neach: '(2'\nfields: {A: {value: 1}}\n"
    codes = [said.split(": ")[:2] for said in findings(text)]
    assert codes == [
        ["6:13", "TABLE_MISSING"],
        ["6:13", "TABLE_UNUSED"],
        ["7:13", "EXPR_SYNTAX"],
        ["8:10", "EXPR_SYNTAX"],
    ]


def test_a_rules_file_is_looked_at_too(findings):
    """Condition, key, shared and own fields, and the decision's schema."""
    text = """\
apiVersion: trivet/v1
kind: Rules
metadata: {name: rules/r, version: 1}
common: {rule: {expr: $rule}, nope: {value: 1}}
rules:
  - name: one
    decision: kpi_weight
    when: 'assessment.scored = 1'
    key: aplication.id
    fields: {period: {from: requisition.famly}}
"""
    found = findings(text, "rules/r.yaml")
    assert "10:22: PATH_UNKNOWN: the input has no requisition.famly, did you mean 'family'?" in found
    assert "8:11: PATH_UNKNOWN: the input has no assessment.scored, did you mean 'scored_at'?" in found
    assert "9:10: PATH_UNKNOWN: the input has no aplication, did you mean 'application'?" in found
    assert "4:31: MAPPING_UNKNOWN_FIELD: kpi_weight has no field 'nope'" in found
    assert "10:13: MAP_REQUIRED: kpi_weight requires 'score', no field makes it" in found


def test_a_name_that_is_not_the_file_s_is_found(findings):
    """Flows name files, not metadata."""
    assert findings(HEAD.replace("x/y", "x/z") + "fields: {A: {value: 1}}\n") == [
        "3:18: NAME: metadata.name is 'x/z', the file is 'x/y'"
    ]


def test_a_file_without_a_version_is_found(findings):
    """Every delivery names the version of its mapping."""
    assert findings(HEAD.replace(", version: 1", "") + "fields: {A: {value: 1}}\n") == [
        "3:11: CONFIG_MISSING: /metadata/version is required and missing"
    ]


def test_a_mapping_without_a_test_is_found(findings):
    """A test beside the file is part of it."""
    assert findings(HEAD + "fields: {A: {value: 1}}\n", test=None) == [
        "1:1: TEST_MISSING: no y.test.yaml beside it"
    ]


def test_a_file_that_is_no_yaml_is_one_finding(findings):
    """With line and column."""
    assert findings("a: [1\nb: 2")[0].startswith("2:2: CONFIG_YAML")


def test_two_hundred_files_are_checked(home, write):
    """One library of files is no place where time explodes; the benchmark measures it."""
    for i in range(200):
        head = EDITED.format("mapping") + HEAD.replace("x/y", f"x/m{i}")
        write(f"x/m{i}.yaml", head + "fields: {A: {from: decision.rule}}\n")
        write(f"x/m{i}.test.yaml", TEST)
    assert check_mappings(home, Contracts.packaged()) == []
