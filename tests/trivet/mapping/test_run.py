"""Mappings and rules: sugar, problems with their fields, and nothing invented, cut or forced."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet.documents import Contracts
from trivet.errors import ConfigError
from trivet.mapping import Library
from trivet.mapping.judge import broken, demands
from trivet.mapping.run import Sheet

NOW = datetime(2026, 11, 20, tzinfo=UTC)
RULES = """\
apiVersion: trivet/v1
kind: Rules
metadata: {name: rules/r, version: 1}
"""


def apply(mapping, document, **variables):
    """What the mapping makes of one document."""
    return mapping.apply(document, variables=variables, now=NOW)


def value_of(field, document):
    """What one field makes of the document; None where it makes nothing."""
    sheet = Sheet({"x": field}, {}, None, {"t": {"a": {"value": "A"}}}, {"": "m.yaml:1:1"})
    made = sheet.make(document, {}, NOW)
    assert made.document is not None, made.problems
    return made.document.get("x")


@pytest.mark.parametrize(
    ("field", "document", "value"),
    [
        ({"from": "a.b"}, {"a": {"b": 0}}, 0),
        ({"from": "a.b"}, {}, None),
        ({"value": {"x": [1, "é"]}}, {}, {"x": [1, "é"]}),
        ({"value": None}, {}, None),
        ({"from": "a", "default": 5}, {"a": 0}, 0),
        ({"from": "a", "default": 5}, {"a": False}, False),
        ({"from": "a", "default": 5}, {"a": ""}, ""),
        ({"from": "a", "default": 5}, {"a": None}, 5),
        ({"from": "a", "default": 5}, {}, 5),
        ({"from": "a", "lookup": "t"}, {"a": "a"}, "A"),
        ({"from": "a", "lookup": "t"}, {"a": "b"}, None),
        ({"from": "a", "lookup": "t", "default": "-"}, {"a": "b"}, "-"),
        ({"from": "a", "lookup": "t", "column": "other"}, {"a": "a"}, None),
        ({"from": "a", "round": 1}, {"a": 8.25}, 8.3),
        ({"from": "a", "type": "array"}, {"a": 1}, [1]),
        ({"from": "a", "type": "array"}, {"a": [1]}, [1]),
        ({"from": "a", "type": "array"}, {}, []),
        ({"from": "a", "date": {"zone": "Asia/Shanghai"}}, {"a": "2026-11-19T17:00:00Z"}, "2026-11-20"),
        (
            {"from": "a", "date": {"zone": "UTC", "format": "yyyyMMdd"}},
            {"a": "2026-11-19T17:00:00Z"},
            "20261119",
        ),
        ({"from": "a", "round": 1}, {"a": 7.96}, 8),
        ({"from": "a", "round": 1}, {"a": -0.04}, 0),
        ({"from": "a", "type": "array", "round": 1}, {"a": [8.25, 1]}, [8.3, 1]),
        ({"from": "a", "type": "array", "round": 1}, {}, []),
        ({"from": "a", "date": {}, "default": "2026-01-02"}, {}, "2026-01-02"),
        ({"from": "a", "when": "b"}, {"a": 1, "b": False}, None),
        ({"from": "a", "when": "b", "round": 0}, {"a": 1.5, "b": False}, None),
        ({"from": "a", "when": "b > 0"}, {"a": 1, "b": 1}, 1),
    ],
)
def test_sugar_means_what_it_says(field, document, value):
    """A 0 is a value, a missing value is none, and a default stands in for missing and null only."""
    made = value_of(field, document)
    assert (made, type(made)) == (value, type(value))


@given(
    st.dictionaries(
        st.sampled_from(["a", "b"]),
        st.none() | st.integers(-(2**53), 2**53) | st.text(max_size=5) | st.booleans(),
    )
)
def test_a_default_is_taken_for_missing_and_null_only(document):
    """Whatever else stands there is kept."""
    made = value_of({"from": "a", "default": "d"}, document)
    assert made == ("d" if document.get("a") is None else document["a"])


def test_missing_stays_missing(mapping):
    """No field appears that has no value; null is none."""
    made = mapping("fields: {A: {from: a}, B: {from: b}, C: {from: c}}\n")
    assert apply(made, {"a": None, "b": 0}).documents == [{"B": 0}]


@pytest.mark.parametrize(
    ("rule", "value", "code"),
    [
        ("required: true", None, "MAP_REQUIRED"),
        ("required: true", "", "MAP_REQUIRED"),
        ("max_length: 12", "x" * 13, "FIELD_LENGTH"),
        ("max_bytes: 4, encoding: gbk", "客户服", "FIELD_LENGTH"),
        ("max_bytes: 3", "é客", "FIELD_LENGTH"),
        ("encoding: gbk", "𠮷田", "FIELD_ENCODING"),
        ("encoding: gbk", "㐂", "FIELD_ENCODING"),
        ("encoding: latin-1", "客", "FIELD_ENCODING"),
        ("max_length: 9", "a\0b", "TEXT_NUL"),
        ("max_length: 9", 12345, "FIELD_TYPE"),
        ("type: number", "20", "FIELD_TYPE"),
        ("type: number", True, "FIELD_TYPE"),
        ("type: integer", 2.5, "FIELD_TYPE"),
        ("type: string", 5, "FIELD_TYPE"),
        ("type: boolean", 1, "FIELD_TYPE"),
        ("type: object", [], "FIELD_TYPE"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_its_code(mapping, rule, value, code):
    """Never cut, replaced or forced; the problem names the field and its place in the file, not the value."""
    made = apply(mapping(f"fields:\n  Code: {{from: a, {rule}}}\n"), {"a": value})
    assert made.documents == []
    (problem,) = made.problems
    assert (problem.code, problem.field, problem.pointer) == (code, "Code", "/Code")
    assert problem.place.endswith("x/y.yaml:7:9")
    assert value is None or not str(value).strip("\0") or str(value) not in problem.message


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("required: true", 0), ("required: true", False), ("max_length: 12", "x" * 12), ("max_length: 2", "𠮷田"),
        ("max_bytes: 4, encoding: gbk", "客户"), ("max_bytes: 8, encoding: gb18030", "𠮷㐂"), ("type: integer", 2.0),
        ("type: number", 0), ("encoding: gbk", "O'Brien"),
    ],
)  # fmt: skip
def test_a_value_that_fits_arrives_as_it_is(mapping, rule, value):
    """At the limit is within it; 0 and false are present."""
    made = apply(mapping(f"fields: {{Code: {{from: a, {rule}}}}}\n"), {"a": value})
    assert (made.documents, made.problems) == ([{"Code": value}], [])


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40))
def test_whatever_is_delivered_fits_the_target_s_bytes(text):
    """A text is delivered whole and within its bytes, or it is a problem."""
    found = list(broken(demands({"F": {"max_bytes": 20, "encoding": "gbk"}}), {"F": text}))
    try:
        fits = len(text.encode("gbk")) <= 20
    except UnicodeEncodeError:
        fits = False
    assert (found == []) == fits


def test_a_key_without_a_row_is_a_warning_and_the_document_is_made(mapping, write):
    """The default stands in, and a person hears of it; a missing key is no miss."""
    write("tables/t.csv", "key,value\na,A\n")
    made = mapping(
        "tables: {t: tables/t.csv}\nfields: {X: {from: a, lookup: t, default: '-'}, Y: {value: 1}}\n"
    )
    missed = apply(made, {"a": "zz"})
    assert missed.documents == [{"X": "-", "Y": 1}]
    assert [(w.code, w.field) for w in missed.warnings] == [("LOOKUP_MISS", "X")]
    assert apply(made, {"a": "a"}) == apply(made, {"a": "a"})
    assert apply(made, {"a": "a"}).warnings == []
    assert apply(made, {}).warnings == []


def test_several_documents_come_from_one_input(mapping):
    """`each` gives one per entry; one entry, and none, are no special case."""
    made = mapping("each: 'xs[keep]'\nfields: {id: {expr: '$item.id', required: true}, of: {from: name}}\n")
    both = {"name": "n", "xs": [{"id": "1", "keep": True}, {"id": "2"}, {"id": "3", "keep": True}]}
    assert apply(made, both).documents == [{"id": "1", "of": "n"}, {"id": "3", "of": "n"}]
    assert apply(made, {"name": "n", "xs": {"id": "1", "keep": True}}).documents == [{"id": "1", "of": "n"}]
    assert apply(made, {"name": "n"}).documents == []


def test_one_bad_entry_does_not_stop_the_others(mapping):
    """It is a problem, they are documents."""
    made = mapping("each: xs\nfields: {n: {expr: '$number($item)', required: true}}\n")
    mapped = apply(made, {"xs": ["1", "x", "3"]})
    assert mapped.documents == [{"n": 1}, {"n": 3}]
    assert [(p.code, p.field) for p in mapped.problems] == [("EXPR_FAILED", "n")]


def test_every_field_that_fails_is_named(mapping):
    """Not only the first; a field that works is not accused, though they are evaluated together."""
    made = mapping(
        "let: {bad: '$number(a)'}\nfields: {A: {expr: $bad}, B: {from: b}, C: {expr: '$bad + 1'}}\n"
    )
    assert [p.field for p in apply(made, {"a": "x", "b": 1}).problems] == ["A", "C"]


def test_a_date_and_a_rounding_that_fail_are_named_like_the_rest(mapping):
    """Alone, and beside an expression that fails; each with its own code, and without the value."""
    made = mapping(
        "fields:\n  A: {expr: '$number(a)'}\n  B: {from: b, date: {zone: UTC}}\n  C: {from: c, round: 1}\n"
        "  D: {from: c, round: 1, type: array}\n"
    )
    late = [("B", "DATE_INVALID"), ("C", "SCORE_TYPE"), ("D", "SCORE_TYPE")]
    for first, also in (("1", []), ("x", [("A", "EXPR_FAILED")])):
        told = apply(made, {"a": first, "b": "tomorrow", "c": "secret"}).problems
        assert [(problem.field, problem.code) for problem in told] == also + late
        assert "tomorrow" not in str(told)
        assert "secret" not in str(told)


def test_an_intermediate_value_that_no_field_needs_cannot_fail(mapping):
    """It is not evaluated."""
    made = mapping("let: {bad: '$number(a)', worse: '$bad'}\nfields: {B: {from: b}}\n")
    assert apply(made, {"a": "x", "b": 1}).documents == [{"B": 1}]


def test_a_bomb_in_a_record_sets_the_record_aside(mapping):
    """The next record is mapped as if nothing had been."""
    made = mapping("fields: {A: {expr: '$match(a, /^(x+)+$/).match'}, B: {from: b}}\n")
    assert [p.code for p in apply(made, {"a": "x" * 40 + "!", "b": 1}).problems] == ["EXPR_LIMIT"]
    assert apply(made, {"a": "xx", "b": 1}).documents == [{"A": "xx", "B": 1}]


def test_variables_and_tables_are_bound(mapping, write):
    """By the flow (`$system`), and from files (`$tables`)."""
    write("tables/t.csv", "key,value\na,A\n")
    made = mapping("tables: {t: tables/t.csv}\nfields: {id: {expr: '$system & $tables.t.a.value'}}\n")
    assert apply(made, {}, system="erp").documents == [{"id": "erpA"}]


def test_the_version_names_file_and_tables(home, write):
    """Equal content gives equal versions; a changed table is a new one."""
    head = (
        "apiVersion: trivet/v1\nkind: Mapping\nmetadata: {name: x/y, version: 3}\nsource: {schema: vendor}\n"
    )
    write(
        "x/y.yaml",
        head + "target: {schema: candidate}\ntables: {t: tables/t.csv}\nfields: {id: {from: a, lookup: t}}\n",
    )
    seen = []
    for row in ("a,A", "a,A", "a,B"):
        write("tables/t.csv", f"key,value\n{row}\n")
        seen.append(Library(home, Contracts.packaged()).mapping("x/y").version_id)
    assert seen[0].startswith("x/y@3#")
    assert seen[0] == seen[1] != seen[2]


def rules(home, write, lines):
    """The rules whose file has these lines after the head."""
    write("rules/r.yaml", RULES + lines)
    return Library(home, Contracts.packaged()).rules("rules/r")


def test_a_rule_that_does_not_hold_costs_and_says_nothing(home, write):
    """What only its fields need is not evaluated."""
    made = rules(home, write, """\
let: {bad: '$number(a)'}
rules:
  - {name: one, decision: kpi_weight, when: n > 5, key: id, fields: {reason: {expr: $bad}}}
""")  # fmt: skip
    assert made.decide({"n": 5, "a": "x"}, NOW) == ([], [])
    assert [p.field for p in made.decide({"n": 6, "a": "x", "id": "k"}, NOW)[1]] == ["reason"]


def test_a_decision_has_rule_key_and_version(home, write):
    """And the fields that all rules share."""
    made = rules(home, write, """\
common: {rule: {expr: $rule}}
rules:
  - {name: one, decision: kpi_weight, when: 'true', key: '"k" & id', fields: {score: {from: s}}}
""")  # fmt: skip
    (decision,), problems = made.decide({"id": "7", "s": 0}, NOW)
    assert problems == []
    assert (decision.kind, decision.rule, decision.key) == ("kpi_weight", "one", "k7")
    assert decision.document == {"rule": "one", "score": 0}
    assert decision.version_id.startswith("rules/r@1#")


@pytest.mark.parametrize(
    ("when", "key", "code", "said"),
    [
        ("n > 1", "id", "EXPR_FAILED", "when"),
        ("'x'", "none", "MAP_REQUIRED", "key"),
        ("'x'", "$number(n)", "EXPR_FAILED", "key"),
    ],
)
def test_a_broken_rule_is_a_problem_and_the_next_one_decides(home, write, when, key, code, said):
    """Its condition or its key may fail; the other rules go on."""
    made = rules(home, write, f"""\
rules:
  - {{name: one, decision: kpi_weight, when: "{when}", key: "{key}", fields: {{a: {{value: 1}}}}}}
  - {{name: two, decision: kpi_weight, when: "true", key: id, fields: {{a: {{value: 1}}}}}}
""")  # fmt: skip
    decisions, problems = made.decide({"n": "x", "id": "k"}, NOW)
    assert [d.rule for d in decisions] == ["two"]
    assert [p.code for p in problems] == [code]
    assert said in problems[0].message


def test_a_condition_holds_only_where_it_is_true(home):
    """Not where it is something that counts for true."""
    library = Library(home, Contracts.packaged())
    assert library.holds(None, {}, NOW, "p")
    assert library.holds("a = 1", {"a": 1}, NOW, "p")
    assert not library.holds("a", {"a": "yes"}, NOW, "p")
    assert not library.holds("a", {}, NOW, "p")
    with pytest.raises(ConfigError):
        library.holds("a =", {}, NOW, "flow.yaml:3")


@pytest.mark.parametrize("name", ["x/z", "../secrets", "x/../x/y", "tables/t"])
def test_a_mapping_that_is_not_there_is_one_clear_line(home, write, name):
    """With the near name as cure; nothing outside the folder is read."""
    write("x/y.yaml", "kind: Mapping\n")
    (home / "secrets.yaml").write_text("password: x\n", encoding="utf-8")
    with pytest.raises(ConfigError) as missing:
        Library(home, Contracts.packaged()).mapping(name)
    assert missing.value.code == "MAPPING_MISSING"


def test_what_a_mapping_makes_is_json(mapping):
    """Nothing of the engine's own types comes out."""
    made = mapping("""\
fields:
  A: {expr: '[xs.n]'}
  B: {expr: '$map(xs, function($x) {{"n": $x.n}})'}
""")
    document = apply(made, {"xs": [{"n": 1}, {"n": 2.5}]}).documents[0]
    assert json.loads(json.dumps(document)) == document == {"A": [1, 2.5], "B": [{"n": 1}, {"n": 2.5}]}
