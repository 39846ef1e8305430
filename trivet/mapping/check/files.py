"""The mapping and rules files of a deployment, their tests and code lists, one after the other: none hides another's findings."""

from collections.abc import Collection
from pathlib import Path

from trivet.documents import Contracts
from trivet.documents.yaml_file import complaints, read_yaml
from trivet.errors import ConfigError
from trivet.mapping.check.codes import check_codes
from trivet.mapping.check.editor import head
from trivet.mapping.check.finding import Finding
from trivet.mapping.check.meaning import Meaning
from trivet.mapping.check.spots import Spots, finding_at, refused
from trivet.mapping.files import Library, mapping_files, names
from trivet.mapping.layers import broken, compose


def check_mappings(home: Path, contracts: Contracts, only: Collection[Path] | None = None) -> list[Finding]:
    """Every finding in the mapping and rules files, their tests and the code lists; in `only` these files, if given."""
    findings: set[Finding] = set()  # what is wrong below a layer is told once
    for file in mapping_files(home):
        test = file.with_suffix(".test.yaml")
        if only is None or file in only:
            findings.update(check_file(home, file, contracts))
            if not test.exists():
                said = f"no {test.name} beside it"
                findings.add(Finding(str(file.relative_to(home)), 1, 1, "TEST_MISSING", said))
        if test.exists() and (only is None or test in only):
            findings.update(_test_file(home, test, contracts))
    findings.update(f for f in check_codes(home) if only is None or home / f.file in only)
    return sorted(findings)


def check_file(home: Path, file: Path, contracts: Contracts) -> list[Finding]:
    """Every finding in one mapping or rules file, and in what it extends."""
    library = Library(home, contracts)
    (name,) = names(home, [file])
    try:
        layered = compose(name, library.file)
    except ConfigError as error:
        return [refused(home, file, error)]
    kind = layered.kind
    found = list(head(home, layered.layers[0], f"{kind}_layer" if len(layered.layers) > 1 else kind))
    wrong = [
        finding_at(home, place, v.code, f"{v.pointer or 'the file'} {v.message}")
        for place, v in broken(layered, kind, contracts)
    ]
    return found + (wrong or sorted(set(Meaning(Spots(home, layered), contracts).findings())))


def _test_file(home: Path, test: Path, contracts: Contracts) -> list[Finding]:
    try:
        loaded = read_yaml(test)
    except ConfigError as error:
        return [refused(home, test, error)]
    found = [
        finding_at(home, place, v.code, f"{v.pointer or 'the file'} {v.message}")
        for place, v in complaints(loaded, "mapping_test", contracts)
    ]
    return found + list(head(home, loaded, "mapping_test"))
