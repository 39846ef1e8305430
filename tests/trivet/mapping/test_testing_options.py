"""Every option of `trivet test`, through the command line: a runner that finds nothing proves nothing."""

import json
import os
import pty
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from trivet.cli.app import app
from trivet.errors import ConfigError

HEAD = "apiVersion: trivet/v1\nkind: MappingTest\n"
MAPPING = """\
apiVersion: trivet/v1
kind: Mapping
metadata: {name: x/y, version: 1}
source: {schema: vendor}
target: {connector: erp, entity: Thing}
tables: {t: tables/t.csv}
fields:
  Level: {expr: 'score >= 9 ? "high" : "low"', required: true}
  Code: {from: code, lookup: t, default: none}
  Kind: {value: fixed}
  Name: {from: name, max_length: 3, when: '$exists(named)'}
"""
WEAK = """\
base: {score: 10, code: k}
tests:
  - name: a high score is high
    expect: {Level: high, Code: V}
"""
STRONG = """\
base: {score: 9, code: k, name: abc, named: 1}
tests:
  - name: nine is high
    expect_exact: {Level: high, Code: V, Kind: fixed, Name: abc}
  - name: less is low, and what the table lacks is none
    patch: {score: 8.9, code: other, named: null}
    expect_exact: {Level: low, Code: none, Kind: fixed}
    expect_warnings: [{code: LOOKUP_MISS, field: Code}]
  - name: more than nine is high
    patch: {score: 10}
    expect: {Level: high}
  - name: no code is none
    patch: {code: null}
    expect: {Code: none}
  - name: a longer name is refused
    fill: {name: {text: a, times: 4}}
    expect_problems: [{code: FIELD_LENGTH, field: Name}]
equivalent:
  - {mutant: 'fields/Level: without `required`', reason: both ways end in a text}
"""


@pytest.fixture
def trivet(home, write, monkeypatch):
    """Runs `trivet test` on the mapping with these cases: exit code and what it printed."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TRIVET_HOME", str(home))
    write("tables/t.csv", "key,value\nk,V\nl,W\n")
    write("x/y.yaml", MAPPING)

    def run(cases, *options):
        if cases is not None:
            write("x/y.test.yaml", HEAD + cases)
        result = CliRunner().invoke(app, ["test", *options])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout

    return run


def test_a_failure_tells_line_name_and_difference(trivet):
    """Place by place, not two dumps."""
    code, said = trivet(
        "base: {score: 9, code: k}\ntests:\n  - {name: fine, expect: {Kind: fixed}}\n"
        "  - name: wrong\n    expect_exact: {Level: low, Code: V, More: 1}\n"
    )
    assert code == 1
    assert said.splitlines()[:-1] == [
        "mappings/x/y.test.yaml:6: wrong",
        '    /Level expected "low", got "high"',
        "    /More expected 1, got nothing",
        '    /Kind expected nothing, got "fixed"',
    ]
    assert said.splitlines()[-1].startswith("1 passed, 1 failed in 1 files (")


def test_a_long_text_is_told_from_where_it_differs(trivet):
    """Nobody compares two screens of text."""
    wanted = "x" * 200
    _, said = trivet(
        f"base: {{named: 1, name: {wanted[:150]}y}}\ntests:\n  - {{name: n, expect: {{Name: {wanted}}}}}\n"
    )
    assert "/problems/0 expected nothing" in said
    _, said = trivet("base: {}\ntests:\n  - {name: n, expect: {Kind: " + wanted + "}}\n")
    assert '/Kind from character 1 on: expected …"xxxxxx' in said


def test_json_is_a_list_of_cases_and_an_object_with_more_asked(trivet):
    """With seconds and lines."""
    (case,) = json.loads(trivet(WEAK, "--json")[1])
    assert (case["passed"], case["line"], case["message"]) == (True, 5, "")
    assert case["seconds"] > 0
    more = json.loads(trivet(WEAK, "--json", "--coverage", "--mutate")[1])
    assert more["cases"][0]["name"] == "a high score is high"
    assert more["coverage"]["percent"] < 100
    assert more["mutation"]["score"] < 1
    (file,) = more["mutation"]["files"]
    assert {"where": "mappings/x/y.yaml:10", "what": "fields/Kind: `value` 'fixed x'"} in file["survived"]


def test_junit_counts_and_names_what_a_build_server_shows(trivet, tmp_path):
    """Characters that XML lacks are replaced."""
    cases = (
        'base: {}\ntests:\n  - {name: "<a> & \\"b\\"", expect: {Kind: fixed}}\n'
        '  - {name: "bell \\a", expect: {Kind: other}}\n'
    )
    assert trivet(cases, "--junit", str(tmp_path / "out" / "junit.xml"))[0] == 1
    root = ElementTree.parse(tmp_path / "out" / "junit.xml").getroot()
    assert (root.tag, root.get("tests"), root.get("failures"), root.get("errors")) == (
        "testsuites",
        "2",
        "1",
        "0",
    )
    (suite,) = root
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == (
        "mappings/x/y.test.yaml",
        "2",
        "1",
    )
    fine, wrong = suite.findall("testcase")
    assert (fine.get("classname"), fine.get("name"), list(fine)) == ("mappings.x.y", '<a> & "b"', [])
    assert float(fine.get("time")) >= 0
    assert wrong.get("name") == "bell \ufffd"
    failure = wrong.find("failure")
    assert failure.get("message") == '/Kind expected "other", got "fixed"'
    assert failure.text.startswith("mappings/x/y.test.yaml:6: ")


RULES = """\
apiVersion: trivet/v1
kind: Rules
metadata: {name: rules/r, version: 1}
rules:
  - name: a
    decision: talent_pool_entry
    key: id
    when: 'n > 1'
    fields:
      score: {from: n}
      candidate_id: {value: a/1}
      application_id: {value: a/2}
      requisition_id: {value: a/3}
      assessment_id: {value: a/4}
      rule: {value: a}
      decided_on: {value: "2026-11-20"}
      competency: {value: leadership}
      pool: {value: P}
      reason: {value: r}
"""
SNAPSHOTS = """\
# about this file
base: {score: 9,   code: 'k'}  # spaced on purpose
tests:
  - name: 'block'
    expect_exact:
      # the level
      Level: low      # was wrong
      Code: "V"
      Gone: 1

  - {name: flow, expect_many: [{Level: 'low',  Kind: fixed}]}
  - name: first
    snapshot: true  # writes itself
  - name: refused
    patch: {score: text}
    expect_exact: {Level: low}
  - name: a subset is nobody's snapshot
    expect: {Level: low}
# the end
"""


def test_update_rewrites_snapshots_and_nothing_else(trivet, home):
    """Comments, order, quoting and blank lines stay; what has unexpected problems stays wrong."""
    code, said = trivet(SNAPSHOTS, "--update")
    assert code == 1
    assert [line for line in said.splitlines() if line.endswith(": updated")] == [
        "mappings/x/y.test.yaml:6: block: updated",
        "mappings/x/y.test.yaml:13: flow: updated",
        "mappings/x/y.test.yaml:14: first: updated",
    ]
    assert "3 passed, 2 failed" in said
    text = (home / "mappings/x/y.test.yaml").read_text(encoding="utf-8")
    assert text == HEAD + SNAPSHOTS.replace("Level: low      #", "Level: high      #").replace(
        "      Gone: 1\n", "      Kind: fixed\n"
    ).replace("[{Level: 'low',", '[{Level: "high",').replace(
        "true  # writes itself\n",
        "true  # writes itself\n    expect_exact: {Level: high, Code: V, Kind: fixed}\n",
    )
    assert "updated" not in trivet(None, "--update")[1]
    assert (home / "mappings/x/y.test.yaml").read_text(encoding="utf-8") == text


def test_a_snapshot_not_yet_written_fails(trivet):
    """A case that expects nothing must not pass by promising to."""
    code, said = trivet("base: {}\ntests:\n  - {name: n, snapshot: true}\n")
    assert code == 1
    assert "no snapshot yet: `trivet test --update`" in said


def test_update_is_refused_in_a_build(trivet, monkeypatch, home):
    """A build must not approve its own results."""
    monkeypatch.setenv("CI", "true")
    with pytest.raises(ConfigError, match="--update is refused"):
        trivet(SNAPSHOTS, "--update")
    assert (home / "mappings/x/y.test.yaml").read_text(encoding="utf-8") == HEAD + SNAPSHOTS


def test_update_of_rules_keeps_the_choice_of_keys(trivet, write, home):
    """And gives a new case its first decisions."""
    write("rules/r.yaml", RULES)
    test = write(
        "rules/r.test.yaml",
        f"{HEAD}base: {{id: k, n: 2}}\ntests:\n  - {{name: one, expect_decisions: [{{document: {{score: 3}}}}]}}\n"
        "  - {name: two, snapshot: true}\n",
    )
    assert trivet(None, "--update", "rules/")[0] == 0
    text = test.read_text(encoding="utf-8")
    assert "{name: one, expect_decisions: [{document: {score: 2}}]}" in text
    assert "expect_decisions: [{decision: talent_pool_entry, rule: a, key: k, document: {score: 2, " in text
    _, said = trivet(None, "--coverage", "rules/")
    assert "rules/r.yaml:8: branch not reached: rules/a/when: `n > 1` = false" in said


def test_coverage_lists_what_no_case_reached(trivet):
    """Each with its line; 100 where everything was."""
    code, said = trivet(WEAK, "--coverage")
    assert code == 0
    assert [line for line in said.splitlines() if "not reached" in line] == [
        "mappings/x/y.yaml:8: branch not reached: fields/Level/expr: `score >= 9` = false",
        "mappings/x/y.yaml:9: lookup not reached: fields/Code: the row is there = false",
        "mappings/x/y.yaml:9: default not reached: fields/Code: a value is there = false",
        "mappings/x/y.yaml:11: branch not reached: fields/Name/when: `$exists(named)` = true",
        "mappings/x/y.yaml:11: field not reached: fields/Name: is made",
    ]
    assert "coverage 58.3 %" in said
    assert trivet(WEAK, "--coverage", "--fail-under", "60")[0] == 1
    assert trivet(WEAK, "--coverage", "--fail-under", "50")[0] == 0
    code, said = trivet(STRONG, "--coverage", "--fail-under", "100")
    assert (code, "coverage 100.0 %" in said) == (0, True)


def test_coverage_sees_conditions_in_filters_and_functions(trivet, write):
    """Where an engine's own trace does not look."""
    write(
        "x/y.yaml",
        MAPPING.partition("fields:")[0].replace("tables: {t: tables/t.csv}\n", "")
        + 'let: {f: \'function($x) { $x > 1 ? "a" : "b" }\'}\n'
        "fields:\n  A: {expr: 'list[flag ? v = 1 : v = 2].v'}\n  B: {expr: '$f(n)'}\n",
    )
    cases = "base: {n: 2, list: [{flag: true, v: 1}]}\ntests:\n  - {name: n, expect: {A: 1, B: a}}\n"
    _, said = trivet(cases, "--coverage")
    assert "let/f: `$x > 1` = false" in said
    assert "fields/A/expr: `flag` = false" in said
    assert "= true" not in said


def test_a_mapping_without_cases_is_not_covered(trivet):
    """Its parts are missing, not absent."""
    _, said = trivet(None, "--coverage")
    assert "mappings/x/y.yaml    0.0 %" in said


def test_mutation_lists_what_no_case_notices(trivet):
    """As file:line and what was changed."""
    code, said = trivet(WEAK, "--mutate")
    assert code == 0
    survived = [line for line in said.splitlines() if ": survived: " in line]
    assert "mappings/x/y.yaml:8: survived: fields/Level/expr: `score >= 9` becomes `score > 9`" in survived
    assert not any("`score >= 9` becomes `score < 9`" in line for line in survived)
    assert "mappings/x/y.yaml:11: survived: fields/Name: without `max_length`" in survived
    assert trivet(WEAK, "--mutate", "--fail-under", "90")[0] == 1


def test_no_mutant_survives_cases_that_say_everything(trivet):
    """Boundary, miss, default, limit, constant, rows; the one that nothing can notice is named."""
    code, said = trivet(STRONG, "--mutate", "--fail-under", "100")
    assert (code, [line for line in said.splitlines() if "survived" in line]) == (0, [])
    assert "mutation score 1.000: " in said
    assert "1 equivalent left out" in said


def test_an_equivalent_that_names_no_survivor_is_told(trivet):
    """A list that only grows hides what it once excused."""
    code, said = trivet(STRONG + "  - {mutant: 'fields/Kind: `value` 1', reason: old}\n", "--mutate")
    assert code == 1
    assert "mappings/x/y.test.yaml: no surviving mutant is called: fields/Kind: `value` 1" in said


def test_a_mutant_that_does_not_compile_is_not_counted(trivet, write):
    """A regular expression and a signature are no comparisons either."""
    write("x/y.yaml", MAPPING.partition("tables:")[0] + "fields:\n  A: {expr: '$contains(a, /x<3/) and $f(1)'}\n"
          "let: {f: 'function($n)<n:b>{ $n = 1 }'}\n")  # fmt: skip
    cases = "base: {a: x<3}\ntests:\n  - {name: n, expect: {A: true}}\n"
    (file,) = json.loads(trivet(cases, "--mutate", "--json")[1])["mutation"]["files"]
    # `and`, `=`, two numbers up and down, of the second also by a tenth
    assert file["killed"] + len(file["survived"]) == 8


def test_a_share_to_reach_needs_something_to_measure(trivet):
    """A misspelt wish is no wish."""
    assert trivet(WEAK, "--fail-under", "90")[0] == 2


def test_many_files_give_the_same_results_in_the_same_order(home, write, tmp_path):
    """Several processes change nothing but the time; a terminal sees a line grow, a pipe sees none."""
    for i in range(24):
        write(f"x/m{i:02}.yaml", MAPPING.partition("tables:")[0].replace("x/y", f"x/m{i:02}")
              + "fields: {A: {expr: 'a > 1 ? 1 : 2'}}\n")  # fmt: skip
        write(f"x/m{i:02}.test.yaml", f"{HEAD}base: {{a: {i}}}\ntests: [{{name: n, expect: {{A: 1}}}}]\n")
    command = [sys.executable, "-m", "trivet.cli", "test", "--coverage", "--mutate"]
    environment = {**os.environ, "TRIVET_HOME": str(home), "TERM": "xterm", "COLUMNS": "100"}
    ours, theirs = pty.openpty()
    with (
        (tmp_path / "out").open("w") as out,
        subprocess.Popen(command, env=environment, stdout=out, stderr=theirs) as watched,
    ):
        os.close(theirs)
        drawn = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    piped = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (watched.returncode, piped.returncode, piped.stderr) == (1, 1, "")
    assert b"24/24" in drawn
    assert (tmp_path / "out").read_text().splitlines()[:-1] == piped.stdout.splitlines()[:-1]
    lines = piped.stdout.splitlines()
    assert [lines[0], lines[2]] == ["mappings/x/m00.test.yaml:4: n", "mappings/x/m01.test.yaml:4: n"]
    assert lines[-1].startswith("22 passed, 2 failed in 24 files (")


def _read(terminal):
    try:
        return os.read(terminal, 10_000)
    except OSError:
        # the other end was closed
        return b""
