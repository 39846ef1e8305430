"""Bad documents at the command line: refused with their code, in little time and memory, nobody named."""

import json
from pathlib import Path

import pytest
from bad_inputs.entrance import trivet, write
from bad_inputs.law import PERSON, clear, lawful

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
SHORT = THING + "fields: {a: {from: n, max_length: 12}}\n"


def score(number: str) -> bytes:
    """A vendor's answer with this score, spelt as it came."""
    return f'{{"score": {number}, "name": "{PERSON}"}}'.encode()


def expression(text: str) -> str:
    """A mapping with this expression."""
    return THING + f"fields: {{a: {{expr: '{text}'}}}}\n"


DOCUMENTS: dict[str, tuple[str, str, bytes]] = {
    "35-NaN": ("SCORE_NOT_FINITE", ASSESSED, score("NaN")),
    "35-Infinity": ("SCORE_NOT_FINITE", ASSESSED, score("Infinity")),
    "35-1e400": ("SCORE_NOT_FINITE", ASSESSED, score("1e400")),
    "36-duplicate key": ("JSON_DUPLICATE_KEY", ASSESSED, b'{"a": {"score": 1, "score": 2}}'),
    "37-100,000 deep": ("JSON_LIMIT", ASSESSED, b"[" * 100_000 + b"]" * 100_000),
    "37-5,000 digits": ("JSON_LIMIT", ASSESSED, b'{"score": ' + b"9" * 5000 + b"}"),
    "38-half a character": ("TEXT_INVALID", NAMED, b'{"n": "\\ud800"}'),
    "38-NUL": ("TEXT_NUL", NAMED, b'{"n": "a\\u0000b"}'),
    "38-too long": ("TEXT_TOO_LONG", NAMED, b'{"n": "' + b"n" * 5000 + b'"}'),
    "39-85分": ("SCORE_TYPE", ASSESSED, score('"85分"')),
    "39-full width": ("SCORE_TYPE", ASSESSED, score('"8５"')),
    "39-100": ("SCORE_RANGE", ASSESSED, score("1e2")),
    "39-101": ("SCORE_RANGE", ASSESSED, score("101")),
    "39-minus one": ("SCORE_RANGE", ASSESSED, score("-1")),
    "39-true": ("SCORE_TYPE", ASSESSED, score("true")),
    "46-9**9**9": ("EXPR_LIMIT", expression("$power(9, $power(9, 9))"), b"{}"),
    "46-$pad": ("EXPR_LIMIT", expression('$pad("a", 1000000000)'), b"{}"),
    "46-ranges": ("EXPR_LIMIT", expression("$count([1..9000].[1..9000])"), b"{}"),
    "46-recursion": ("EXPR_LIMIT", expression("($f := function($n) { 1 + $f($n + 1) }; $f(0))"), b"{}"),
    "46-endless loop": ("EXPR_LIMIT", expression("($f := function($n) { $f($n + 1) }; $f(0))"), b"{}"),
    "46-open()": ("EXPR_FORBIDDEN", expression('$open("/etc/passwd")'), b"{}"),
    "46-__class__": ("EXPR_FORBIDDEN", expression("().__class__.__mro__"), b"{}"),
    "46-$eval": ("EXPR_FORBIDDEN", expression('$eval("1")'), b"{}"),
    "48-CHAR(12)": ("FIELD_LENGTH", SHORT, b'{"n": "Planted Person 4711"}'),
    "48-GBK": ("FIELD_ENCODING", STORED + "gbk}}\n", '{"n": "𠮷田"}'.encode()),
    "48-single byte": ("FIELD_ENCODING", STORED + "latin-1}}\n", '{"n": "王"}'.encode()),
    "49-30 February": ("DATE_INVALID", DATED, b'{"d": "2026-02-30T01:00:00Z"}'),
    "49-zeros": ("DATE_INVALID", DATED, b'{"d": "0000-00-00T00:00:00Z"}'),
    "49-no zone": ("DATE_TZ_MISSING", DATED, b'{"d": "2026-02-03T01:00:00"}'),
    "50-in a preview": ("TEMPLATE_FORBIDDEN", expression("{{ cycler.__init__.__globals__ }}"), b"{}"),
}
CASES = {name: code for name, (code, _, _) in DOCUMENTS.items()}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty deployment."""
    (tmp_path / "mappings").mkdir()
    return tmp_path


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name: str, home: Path) -> None:
    """The code of its row, one line, no value of the record, and nothing of it kept."""
    code, text, given = DOCUMENTS[name]
    lawful(name, code)
    write(home, "x/y.yaml", text)
    done = trivet(home, "preview", "x/y", "--input", "-", "--json", given=given)
    assert done.returncode in (1, 2), (done.returncode, done.stderr[-500:])
    shown = json.loads(done.stdout or b"{}")
    clear(done.stderr.decode() + json.dumps(shown.get("problems", shown)), code)
    kept = [file.read_bytes() for file in home.rglob("*") if file.is_file()]
    assert not [content for content in kept if PERSON.encode() in content]


def test_a_regular_expression_never_runs_to_the_end_of_days(home: Path) -> None:
    """A pattern that backtracks without end either matches in linear time or is cut; the next record is mapped."""
    write(home, "x/y.yaml", expression("$contains(n, /(a+)+$/)"))
    given = b'{"n": "' + b"a" * 40 + b'!"}'
    shown = json.loads(trivet(home, "preview", "x/y", "--input", "-", "--json", given=given).stdout)
    assert shown["output"] == [{"a": False}] or shown["problems"][0]["code"] == "EXPR_LIMIT"
