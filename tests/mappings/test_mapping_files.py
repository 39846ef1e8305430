"""Every mapping and rules file of this repository does what the test beside it promises, on both engines."""

from pathlib import Path

import pytest

from trivet.documents import Contracts
from trivet.mapping.check import check_mappings
from trivet.mapping.reference import compile_reference
from trivet.mapping.testing import run_tests
from trivet.mapping.testing.cases import case_files
from trivet.mapping.testing.coverage import Coverage, coverable
from trivet.mapping.testing.mutation import Mutation, joined, score, shares

HOME = Path(__file__).parents[2]
RESULTS = run_tests(HOME)


@pytest.mark.parametrize("result", RESULTS, ids=lambda r: f"{r.file}: {r.name}")
def test_a_case_holds(result):
    """What the case says."""
    assert result.passed, result.message


def test_every_case_holds_on_the_reference_engine():
    """The files are JSONata, not one engine's dialect."""
    assert [
        f"{r.file} {r.name}: {r.message}" for r in run_tests(HOME, compile_reference) if not r.passed
    ] == []


def test_the_files_are_without_findings():
    """`trivet check` is silent."""
    assert [str(finding) for finding in check_mappings(HOME, Contracts.packaged())] == []


def test_the_cases_reach_everything():
    """Every field, both ways of every condition, look-ups and defaults hit and missed, every rule."""
    measure = Coverage(HOME)
    covered = [measure(file) for file in coverable(HOME)]
    assert [f"{part.where}: {part.what}" for file in covered for part in file.missing()] == []
    assert [f"{part.where}: {part.what}" for file in covered for part in file.not_measured()] == []


def test_the_cases_notice_what_is_wrong():
    """Nine of ten small mistakes at least, and no list of harmless ones longer than what is harmless."""
    mutated = joined(map(Mutation(HOME), shares(case_files(HOME), 1)))
    assert score(mutated) >= 0.9, [mutant.text for file in mutated for mutant in file.survived]
    assert [text for file in mutated for text in file.stale()] == []
