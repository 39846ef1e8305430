"""Every mapping and rules file of this repository does what the test beside it promises, on both engines."""

from pathlib import Path

import pytest

from trivet.documents import Contracts
from trivet.documents.yaml_file import load_yaml
from trivet.mapping import Library
from trivet.mapping.check import check_mappings
from trivet.mapping.files import mapping_files
from trivet.mapping.tests import run_tests

HOME = Path(__file__).parents[2]
RESULTS = run_tests(HOME)


@pytest.mark.parametrize("result", RESULTS, ids=lambda r: f"{r.file}: {r.name}")
def test_a_case_holds(result):
    """What the case says."""
    assert result.passed, result.message


def test_the_files_are_without_findings():
    """`trivet check` is silent."""
    assert [str(finding) for finding in check_mappings(HOME, Contracts.packaged())] == []


def test_every_field_is_made_by_some_case():
    """No field of a mapping is there that no test has seen; of the rules each decides at least once."""
    contracts = Contracts.packaged()
    library = Library(HOME, contracts)
    silent = []
    for file in mapping_files(HOME):
        name = file.relative_to(HOME / "mappings").with_suffix("").as_posix()
        text = file.with_suffix(".test.yaml").read_text(encoding="utf-8")
        if name.startswith("rules/"):
            wanted = {rule.decision for rule in library.rules(name).rules}
        else:
            wanted = set(load_yaml(file, "mapping", contracts).data["fields"])
        silent += [f"{name}: {field}" for field in wanted if f"{field}:" not in text and field not in text]
    assert silent == []
