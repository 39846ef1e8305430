"""What Trivet stands on: listed, under licences that may be used, and no secret among the files."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT

from scripts import licences, packages, sbom, secrets

LOCKED = packages.locked()


def test_every_pinned_package_is_known() -> None:
    """With version, hashes and a licence that SPDX knows."""
    assert len(LOCKED) > 200
    for package in LOCKED:
        assert package.hashes, package.name
        assert packages.is_spdx(package.licence or ""), package.name
    by = {package.name: package.needed_by for package in LOCKED}
    wanted = ("apache-airflow", "fpdf2", "celery", "pytest")
    assert [by[name] for name in wanted] == [packages.HUB, packages.EXTRA, packages.CLUSTER, packages.TESTS]


@pytest.mark.parametrize(
    ("licence", "word"),
    [
        ("GPL-3.0-only", "not allowed"),
        ("MIT AND AGPL-3.0-only", "not allowed"),
        (None, "no licence"),
        ("Secret Sauce", "no licence"),
    ],
)
def test_a_licence_that_may_not_be_used_is_refused(licence: str | None, word: str) -> None:
    """Forbidden, half forbidden, unknown or made up, with what to do."""
    assert list(licences.problems(LOCKED)) == []
    (line,) = licences.problems([*LOCKED, replace(LOCKED[0], name="new", licence=licence)])
    assert line.startswith("new ")
    assert word in line


def test_one_of_several_licences_is_enough() -> None:
    """Where the package lets us choose."""
    assert licences.permits("GPL-2.0-only OR MIT", {"MIT"})
    assert licences.permits("(GPL-2.0-only OR MIT) AND ISC", {"MIT", "ISC"})
    assert not licences.permits("(GPL-2.0-only OR MIT) AND ISC", {"MIT"})


def test_an_exception_that_nobody_needs_is_refused() -> None:
    """The list of exceptions stays as short as it can be."""
    found = list(licences.problems([one for one in LOCKED if one.name != "spyne"]))
    assert found == ["spyne: stands in `exceptions` and is in no lock file; take it out"]


def test_what_lies_inside_packages_is_told() -> None:
    """Models and fonts are in packages that are pinned, and NOTICE names each."""
    notice, names = (ROOT / "NOTICE").read_text(encoding="utf-8"), {package.name for package in LOCKED}
    for what, package, _, _ in licences.PARTS:
        assert package in names
        assert what.split()[0] in notice, what


def test_the_bill_of_materials_is_whole() -> None:
    """One component a package, as CycloneDX wants it, and the same bytes each time."""
    text = sbom.written(LOCKED)
    assert sbom.broken(text) == []
    assert sbom.written(LOCKED) == text
    bill = json.loads(text)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    found = {(one["name"], one["version"]): one for one in bill["components"]}
    assert set(found) == {(package.name, package.version) for package in LOCKED}
    assert all(one["licenses"] and one["purl"] for one in found.values())
    assert all(one["externalReferences"][0]["hashes"] for one in found.values())
    (roots,) = [one["dependsOn"] for one in bill["dependencies"] if one["ref"] == "trivet"]
    assert any(ref.startswith("pkg:pypi/apache-airflow@") for ref in roots)


def test_a_bill_that_breaks_the_schema_is_noticed() -> None:
    """A licence that SPDX does not know by its id, an address that is a number."""
    bill = json.loads(sbom.written(LOCKED[:2]))
    bill["components"][0]["purl"] = 5
    bill["components"][1]["licenses"] = [{"license": {"id": "NoSuchLicence"}}]
    assert len(sbom.broken(json.dumps(bill))) == 2


# put together here: the scan reads this file, too
PLANTED = {
    "a key of a cloud": "key = '" + "AKIA" + "QX3T7ZLM4WPRN6VD'",
    "a private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "a token of a code host": "GITHUB = 'gh" + "p_" + "x7Kp2mQ9vT4wZ1rB8nY5cL3hD6fJ0sGaEuXi'",
    "a password in a setting": "pass" + "word = 'Tr0ub4dor-und-drei'",
    "a password in an address": "url = 'postgresql://trivet:" + "k3stRel-99@db.internal/ledger'",
    "a random text": "seed = '" + "zK8vQ2mX9pL4tR7wN1cB6hY3dF5gJ0sA'",
}


@pytest.mark.parametrize("what", PLANTED)
@pytest.mark.parametrize("name", ["settings.py", "deploy/values.yaml", "tests/test_x.py", "docs/x.md"])
def test_a_planted_secret_is_found(what: str, name: str, tmp_path: Path) -> None:
    """Wherever it is; a page may name a made-up password."""
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"# a line before\n{PLANTED[what]}\n")
    found = secrets._in_file(str(tmp_path), name)
    assert {line for _, line, _, _ in found} == (
        {2} if (what, name) != ("a password in a setting", "docs/x.md") else set()
    )


def test_what_is_known_has_a_reason() -> None:
    """Nobody accepts a finding without saying why it may stand there; the hash leads to no secret."""
    known = json.loads(secrets.KNOWN.read_text(encoding="utf-8"))
    for file, found in known["known"].items():
        assert secrets._reason(file, known["reasons"]), file
        assert all(len(one.rpartition(": ")[2]) == 16 for one in found)
