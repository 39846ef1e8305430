"""The test runner tells a wrong expectation from a right one: a runner that always passes proves nothing."""

import pytest

from trivet.mapping.reference import compile_reference
from trivet.mapping.testing import merged, run_tests

HEAD = "apiVersion: trivet/v1\nkind: MappingTest\n"
MAPPING = """\
apiVersion: trivet/v1
kind: Mapping
metadata: {name: x/y, version: 1}
source: {schema: vendor}
target: {connector: erp, entity: Thing}
tables: {t: tables/t.csv}
fields:
  A: {from: a, required: true}
  B: {from: b, lookup: t, default: none}
  C: {expr: '$now()', when: clock}
"""


@pytest.fixture
def verdict(home, write):
    """Whether a case passes, and what is said if not."""

    def run(case, base="{a: 1, b: k}", compiler=None):
        write("tables/t.csv", "key,value\nk,V\n")
        write("x/y.yaml", MAPPING)
        write("x/y.test.yaml", f"{HEAD}now: 2026-11-20T00:00:00+08:00\nbase: {base}\ntests:\n  - {case}\n")
        (result,) = run_tests(home, compiler) if compiler else run_tests(home)
        return result

    return run


@pytest.mark.parametrize(
    "case",
    [
        "{name: n, expect: {A: 1}}",
        "{name: n, expect: {A: 1, C: null}}",
        "{name: n, expect_exact: {A: 1, B: V}}",
        "{name: n, expect_many: [{A: 1}]}",
        "{name: n, patch: {a: null}, expect_problems: [{code: MAP_REQUIRED, field: A}]}",
        "{name: n, patch: {b: zz}, expect: {B: none}, expect_warnings: [{code: LOOKUP_MISS, field: B}]}",
        "{name: n, expect: {A: 1}, expect_warnings: []}",
        "{name: n, patch: {clock: true}, expect: {C: '2026-11-19T16:00:00.000Z'}}",
    ],
)
def test_a_right_expectation_passes(verdict, case):
    """On both engines."""
    assert verdict(case).passed, verdict(case).message
    assert verdict(case, compiler=compile_reference).passed


@pytest.mark.parametrize(
    "case",
    [
        "{name: n}",
        "{name: n, expect: {A: 2}}",
        "{name: n, expect: {A: true}}",
        "{name: n, expect: {A: null}}",
        "{name: n, expect_exact: {A: 1}}",
        "{name: n, expect_many: []}",
        "{name: n, expect: {A: 1}, expect_warnings: [{code: LOOKUP_MISS}]}",
        "{name: n, patch: {b: zz}, expect: {A: 1}, expect_warnings: []}",
        "{name: n, patch: {a: null}}",
        "{name: n, patch: {a: null}, expect_problems: [{code: FIELD_LENGTH}]}",
        "{name: n, expect: {A: 1}, expect_problems: [{code: MAP_REQUIRED}]}",
    ],
)
def test_a_wrong_expectation_fails_and_says_why(verdict, case):
    """Also the one that expects nothing, and the one that expects a refusal too many."""
    result = verdict(case)
    assert not result.passed
    assert result.message


def test_a_base_may_be_a_file(verdict, write):
    """Shared by several tests, read as strictly as any JSON."""
    write("fixtures/f.json", '{"a": 7}')
    assert verdict("{name: n, expect: {A: 7}}", base="fixtures/f.json").passed
    write("fixtures/f.json", '{"a": 7, "a": 8}')
    assert "JSON_DUPLICATE_KEY" in verdict("{name: n}", base="fixtures/f.json").message
    assert "FIXTURE_MISSING" in verdict("{name: n}", base="fixtures/none.json").message


def test_a_broken_file_is_one_failed_result(verdict):
    """With its place."""
    result = verdict("{nam: n}")
    assert (result.name, result.passed) == ("(the file)", False)
    assert "y.test.yaml:6:6" in result.message


@pytest.mark.parametrize(
    ("base", "patch", "made"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}), ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}), ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}), ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [1]}, {"a": [2]}, {"a": [2]}), (["a"], ["c"], ["c"]), ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1], {"a": "b", "c": None}, {"a": "b"}), ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)  # fmt: skip
def test_a_patch_merges_as_rfc_7396_says(base, patch, made):
    """The examples of its appendix."""
    assert merged(base, patch) == made
