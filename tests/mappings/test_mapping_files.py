"""Every mapping and rules file of this repository does what the test beside it promises, on both engines."""

from pathlib import Path

import pytest

from trivet.documents import Contracts
from trivet.mapping import Library
from trivet.mapping.check import check_mappings
from trivet.mapping.reference import compile_reference
from trivet.mapping.tests import run_tests

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


def test_every_field_is_made_by_some_case(inputs):
    """No field of a mapping is there that no case has seen filled, and every rule decides at least once."""
    library = Library(HOME, Contracts.packaged())
    silent = []
    for entry in inputs:
        if entry.name.startswith("rules/"):
            ready = library.rules(entry.name)
            wanted = {rule.name for rule in ready.rules}
            seen = {d.rule for given in entry.given for d in ready.decide(given, entry.now)[0]}
        else:
            mapping = library.mapping(entry.name)
            wanted = set(mapping.sheet.fields)
            made = [mapping.apply(given, variables=entry.variables, now=entry.now) for given in entry.given]
            seen = {field for mapped in made for document in mapped.documents for field in document}
        silent += [f"{entry.name}: {name}" for name in wanted - seen]
    assert silent == []
