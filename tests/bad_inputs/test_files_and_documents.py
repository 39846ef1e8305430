"""Bad files and bad documents at the command line: refused with their code, in little time and memory, nobody named."""

import json
from pathlib import Path

import pytest
from bad_inputs.entrance import trivet, write

from trivet.documents import Contracts
from trivet.documents.yaml_file import read_yaml

ROWS = {row["id"]: row for row in read_yaml(Path(__file__).with_name("bad-inputs.yaml")).data}
HEAD = "apiVersion: trivet/v1\nkind: Mapping\nmetadata: {name: x/y, version: 1}\nsource: {schema: vendor}\n"
THING = HEAD + "target: {connector: erp, entity: Thing}\n"
CANDIDATE = HEAD + "target: {schema: candidate}\n"
ASSESSED = (
    HEAD
    + "target: {schema: training_recommendation}\nfields: {"
    + ", ".join(
        f"{name}: {{value: {value}}}"
        for name, value in {
            "candidate_id": "c1", "application_id": "a1", "requisition_id": "r1", "assessment_id": "s1",
            "rule": "r", "competency": "teamwork", "reason": "x", "decided_on": '"2026-11-20"',
        }.items()
    )
    + ", course: {expr: '{\"code\": \"T\", \"title\": \"t\"}'}, score: {from: score}}\n"
)  # fmt: skip
DATED = THING + "fields: {a: {from: d, date: {zone: Asia/Shanghai}}}\n"
STORED = THING + "fields: {a: {from: n, max_bytes: 40, encoding: "
NAMED = CANDIDATE + "fields: {id: {value: c}, name: {from: n}}\n"
SECRET = "Planted Person 4711"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty deployment."""
    (tmp_path / "mappings").mkdir()
    return tmp_path


def said(home: Path, text: str, given: bytes) -> str:
    """What `trivet preview` says of one input; never more than it may take, never with a person's name in it."""
    write(home, "x/y.yaml", text)
    done = trivet(home, "preview", "x/y", "--input", "-", "--json", given=given)
    assert done.returncode in (0, 1, 2), (done.returncode, done.stderr[-500:])
    shown = json.loads(done.stdout or b"{}")
    told = done.stderr.decode() + json.dumps(shown.get("problems", shown))
    assert SECRET not in told
    assert "Traceback" not in told
    return told


def score(number: str) -> bytes:
    """A vendor's answer with this score, spelt as it came."""
    return f'{{"score": {number}, "name": "{SECRET}"}}'.encode()


DEEP = b"[" * 100_000 + b"]" * 100_000
LONG = b'{"score": ' + b"9" * 5000 + b"}"
DOCUMENTS = [
    ("35-NaN", ASSESSED, score("NaN"), "SCORE_NOT_FINITE"),
    ("35-Infinity", ASSESSED, score("Infinity"), "SCORE_NOT_FINITE"),
    ("35-1e400", ASSESSED, score("1e400"), "SCORE_NOT_FINITE"),
    ("36-duplicate key", ASSESSED, b'{"a": {"score": 1, "score": 2}}', "JSON_DUPLICATE_KEY"),
    ("37-100,000 deep", ASSESSED, DEEP, "JSON_LIMIT"),
    ("37-5,000 digits", ASSESSED, LONG, "JSON_LIMIT"),
    ("38-half a character", NAMED, b'{"n": "\\ud800"}', "TEXT_INVALID"),
    ("38-NUL", NAMED, b'{"n": "a\\u0000b"}', "TEXT_NUL"),
    ("38-too long", NAMED, b'{"n": "' + b"n" * 5000 + b'"}', "TEXT_TOO_LONG"),
    ("39-85分", ASSESSED, score('"85分"'), "SCORE_TYPE"),
    ("39-full width", ASSESSED, score('"8５"'), "SCORE_TYPE"),
    ("39-100", ASSESSED, score("1e2"), "SCORE_RANGE"),
    ("39-101", ASSESSED, score("101"), "SCORE_RANGE"),
    ("39-minus one", ASSESSED, score("-1"), "SCORE_RANGE"),
    ("39-true", ASSESSED, score("true"), "SCORE_TYPE"),
    ("46-9**9**9", THING + "fields: {a: {expr: '$power(9, $power(9, 9))'}}\n", b"{}", "EXPR_LIMIT"),
    ("46-$pad", THING + "fields: {a: {expr: '$pad(\"a\", 1000000000)'}}\n", b"{}", "EXPR_LIMIT"),
    ("46-ranges", THING + "fields: {a: {expr: '$count([1..9000].[1..9000])'}}\n", b"{}", "EXPR_LIMIT"),
    ("46-recursion", THING + "fields: {a: {expr: '($f := function($n) { 1 + $f($n + 1) }; $f(0))'}}\n", b"{}", "EXPR_LIMIT"),
    ("46-endless loop", THING + "fields: {a: {expr: '($f := function($n) { $f($n + 1) }; $f(0))'}}\n", b"{}", "EXPR_LIMIT"),
    ("46-open()", THING + "fields: {a: {expr: '$open(\"/etc/passwd\")'}}\n", b"{}", "EXPR_FORBIDDEN"),
    ("46-__class__", THING + "fields: {a: {expr: '().__class__.__mro__'}}\n", b"{}", "EXPR_FORBIDDEN"),
    ("46-$eval", THING + "fields: {a: {expr: '$eval(\"1\")'}}\n", b"{}", "EXPR_FORBIDDEN"),
    ("48-CHAR(12)", THING + "fields: {a: {from: n, max_length: 12}}\n", b'{"n": "Planted Person 4711"}', "FIELD_LENGTH"),
    ("48-GBK", STORED + "gbk}}\n", '{"n": "𠮷田"}'.encode(), "FIELD_ENCODING"),
    ("48-single byte", STORED + "latin-1}}\n", '{"n": "王"}'.encode(), "FIELD_ENCODING"),
    ("49-30 February", DATED, b'{"d": "2026-02-30T01:00:00Z"}', "DATE_INVALID"),
    ("49-zeros", DATED, b'{"d": "0000-00-00T00:00:00Z"}', "DATE_INVALID"),
    ("49-no zone", DATED, b'{"d": "2026-02-03T01:00:00"}', "DATE_TZ_MISSING"),
    ("50-template", THING + "fields: {a: {expr: '{{ cycler.__init__.__globals__ }}'}}\n", b"{}", "TEMPLATE_FORBIDDEN"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "given", "code"), [row[1:] for row in DOCUMENTS], ids=[row[0] for row in DOCUMENTS]
)
def test_bad_input(home: Path, text: str, given: bytes, code: str, request: pytest.FixtureRequest) -> None:
    """The code of its row, one line, no value of the record."""
    told = said(home, text, given)
    assert code in told
    row = ROWS[int(request.node.callspec.id.split("-")[0])]
    assert code in row["expected_code"]


def test_bad_input_never_takes_a_regular_expression_to_the_end_of_days(home: Path) -> None:
    """A pattern that backtracks without end either matches in linear time or is cut; the next record is mapped."""
    text = THING + "fields: {a: {expr: '$contains(n, /(a+)+$/)'}}\n"
    given = b'{"n": "' + b"a" * 40 + b'!"}'
    write(home, "x/y.yaml", text)
    done = trivet(home, "preview", "x/y", "--input", "-", "--json", given=given)
    shown = json.loads(done.stdout)
    assert shown["output"] == [{"a": False}] or shown["problems"][0]["code"] == "EXPR_LIMIT"


def test_bad_input_39_null_is_no_score() -> None:
    """A scorer's null is neither 0 nor skipped."""
    answer = {"competency_scores": [{"competency": "teamwork", "score": None}]}
    codes = {violation.code for violation in Contracts.packaged().check("assessment", answer)}
    assert "SCORE_TYPE" in codes


FILES = [
    ("43-python tag", THING + "fields: {a: {value: !!python/object:os.system x}}\n", "CONFIG_TAG_FORBIDDEN"),
    (
        "44-alias bomb",
        "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a, *a, *a]\n" for n in range(30)),
        "CONFIG_ALIAS_FORBIDDEN",
    ),
    ("44-duplicate key", THING + "fields: {a: {value: 1}, a: {value: 2}}\n", "CONFIG_DUPLICATE_KEY"),
    ("44-NO", THING + "fields: {a: {from: b, required: NO}}\n", "CONFIG_TYPE"),
    ("45-typo", THING + "fields: {a: {from: b, requires: true}}\n", "CONFIG_UNKNOWN_KEY"),
    ("46-dunder", THING + "fields: {a: {expr: 'a.__class__'}}\n", "EXPR_FORBIDDEN"),
    ("50-template", THING + "fields: {a: {expr: '{{ cycler.x }}'}}\n", "TEMPLATE_FORBIDDEN"),
]


@pytest.mark.parametrize(("text", "code"), [row[1:] for row in FILES], ids=[row[0] for row in FILES])
def test_bad_input_in_files(home: Path, text: str, code: str, request: pytest.FixtureRequest) -> None:
    """`trivet check` says which line, and goes on with the other files."""
    write(home, "x/y.yaml", text)
    write(home, "x/z.yaml", THING.replace("x/y", "x/z") + "fields: {a: {from: }}\n")
    done = trivet(home, "check", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, b"")
    assert code in {finding["code"] for finding in found if finding["file"] == "mappings/x/y.yaml"}
    assert any(finding["file"] == "mappings/x/z.yaml" for finding in found)
    assert code in ROWS[int(request.node.callspec.id.split("-")[0])]["expected_code"]


def test_bad_input_47_a_field_that_the_target_lacks_or_does_not_let_be_written(home: Path) -> None:
    """Refused when the file is checked, not when data is pushed; the near field is named."""
    described = {
        "properties": {"userId": {"type": "string"}, "state": {"type": "string", "readOnly": True}},
        "additionalProperties": False,
    }
    write(home, "targets/erp/Thing.schema.json", json.dumps(described))
    write(home, "x/y.yaml", THING + "fields: {userld: {from: a}, state: {from: b}}\n")
    found = json.loads(trivet(home, "check", "--json").stdout)
    by_code = {finding["code"]: finding for finding in found}
    assert set(ROWS[47]["expected_code"]) <= set(by_code)
    assert "did you mean 'userId'?" in by_code["MAPPING_UNKNOWN_FIELD"]["message"]
    assert by_code["MAPPING_READONLY_FIELD"]["line"] == 6


def test_bad_input_45_names_the_near_key(home: Path) -> None:
    """The cure is in the line."""
    write(home, "x/y.yaml", THING + "fields: {a: {from: b, requires: true}}\n")
    found = json.loads(trivet(home, "check", "--json").stdout)
    assert any("did you mean 'required'?" in finding["message"] for finding in found)
