"""A stranger writes a connector: its package is made, linted, built, installed elsewhere, found, and says what is still to do."""

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import ROOT

from trivet.errors import ConfigError
from trivet.scaffold import KINDS, scaffold

UNWRITTEN = "NotImplementedError: "
KEPT = {
    "target": {"test_settings_are_closed_frozen_and_described"},
    "source": {"test_settings_are_closed_frozen_and_described"},
    "scorer": {"test_settings_are_closed_frozen_and_described"},
}
"""What holds before anybody has written a line."""
OTHERWISE = {"scorer": {"test_it_says_what_it_infers_and_it_is_no_feeling"}}
"""What fails by its own words: nobody has said yet what the scorer infers."""


def ran(*words: str, at: Path, exits: int | None = 0, **more: str) -> subprocess.CompletedProcess[str]:
    """A command in that folder."""
    environment = {**os.environ, "COLUMNS": "200", **more}
    done = subprocess.run(
        [sys.executable, *words], cwd=at, env=environment, capture_output=True, text=True, timeout=120
    )
    assert exits is None or done.returncode == exits, done.stdout + done.stderr
    return done


def new(*words: str, at: Path, exits: int = 0) -> subprocess.CompletedProcess[str]:
    """`trivet new connector`."""
    return ran("-m", "trivet.cli", "new", "connector", *words, at=at, exits=exits)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The package of each kind, by kind."""
    folder = tmp_path_factory.mktemp("strangers")
    for kind in KINDS:
        written = json.loads(
            new(f"acme_{kind}", "--kind", kind, "--into", "work", "--json", at=folder).stdout
        )
        assert {Path(row["file"]).name for row in written} >= {"pyproject.toml", "config.py", f"{kind}.py"}
    return {kind: folder / "work" / f"trivet-acme-{kind}" for kind in KINDS}


@pytest.fixture(scope="module")
def installed(made: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the target's wheel was installed, nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    build = "from setuptools.build_meta import build_wheel; import sys; build_wheel(sys.argv[1])"
    ran("-c", build, str(folder), at=made["target"])
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    quiet = ("--quiet", "--disable-pip-version-check", "--no-index", "--no-deps")
    ran("-m", "pip", "install", *quiet, "--target", str(site), str(wheel), at=folder)
    return site


def test_its_wheel_holds_the_package_and_its_types(installed: Path) -> None:
    """Nothing else, and under a name that collides with nobody."""
    (wheel,) = installed.parent.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert {name.partition("/")[0] for name in names} == {"trivet_acme_target"}
    assert "trivet_acme_target/py.typed" in names


def test_it_is_found_by_its_entry_point(installed: Path, tmp_path: Path) -> None:
    """Trivet lists it beside ours, and its name is taken from then on."""
    there = {"PYTHONPATH": str(installed)}
    rows = json.loads(ran("-m", "trivet.cli", "connectors", "--json", at=tmp_path, **there).stdout)
    (row,) = [row for row in rows if row["name"] == "acme_target"]
    assert (row["role"], row["connection_type"]) == ("targets", "trivet_acme_target")
    assert {"base_url", "login", "password"} <= set(row["settings"])
    assert len(rows) > 1
    again = ran(
        "-m", "trivet.cli", "new", "connector", "acme_target", "--kind", "scorer", at=tmp_path, exits=2, **there
    )  # fmt: skip
    assert "CONNECTOR_NAME" in again.stderr


def test_it_lints_as_written(made: dict[str, Path], tmp_path: Path) -> None:
    """By our rules, well formatted, and typed strictly."""
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    for folder in made.values():
        theirs = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"][
            "lint"
        ]
        assert (theirs["select"], theirs["ignore"]) == (ours["select"], ours["ignore"])
        ran("-m", "ruff", "check", "--no-cache", ".", at=folder)
        ran("-m", "ruff", "format", "--no-cache", "--check", ".", at=folder)
        # the installed trivet, whose own types are not the question here
        silent = ("--follow-imports=silent", f"--cache-dir={tmp_path}")
        ran("-m", "mypy", *silent, at=folder, MYPYPATH=str(ROOT))


@pytest.mark.parametrize("name", ["a", "abcdefghijklmno_pqrstuvwxyz_12"])
def test_it_lints_whatever_its_name(name: str, tmp_path: Path) -> None:
    """The shortest and the longest."""
    for kind in KINDS:
        scaffold(name, kind, tmp_path / kind)
    ran("-m", "ruff", "check", "--no-cache", ".", at=tmp_path)
    ran("-m", "ruff", "format", "--no-cache", "--check", ".", at=tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_it_fails_exactly_at_what_is_not_written(kind: str, made: dict[str, Path], tmp_path: Path) -> None:
    """Every open promise ends in a sentence that says what belongs there; the others are kept."""
    report = tmp_path / "report.xml"
    quiet = ("-p", "no:cacheprovider", "-p", "no:audioeval")
    ran(
        "-m", "pytest", *quiet, f"--junitxml={report}", at=made[kind], exits=1, PYTHONPATH=str(made[kind] / "src")
    )  # fmt: skip
    kept, otherwise = set(), set()
    cases = list(ElementTree.parse(report).iter("testcase"))
    for case in cases:
        name, failure = case.attrib["name"], case.find("failure")
        assert case.find("error") is None, name
        if failure is None:
            if case.find("skipped") is None:
                kept.add(name)
        elif not failure.attrib["message"].startswith(UNWRITTEN):
            otherwise.add(name)
        else:
            assert ": " in failure.attrib["message"].removeprefix(UNWRITTEN), name
    assert kept == KEPT[kind]
    assert otherwise == OTHERWISE.get(kind, set())
    assert len(cases) > 10


WRONG = [
    "Acme",
    "acme-soap",
    "9acme",
    "acme__x",
    "_acme",
    "acme_",
    "class",
    "connectors",
    "kingdee_cloud",
    "../x",
    "",
]


@pytest.mark.parametrize("name", [*WRONG, "a" * 31])
def test_a_name_that_would_not_work_is_refused(name: str, tmp_path: Path) -> None:
    """With the cure, and nothing is written."""
    with pytest.raises(ConfigError) as caught:
        scaffold(name, "target", tmp_path)
    assert caught.value.code == "CONNECTOR_NAME"
    assert caught.value.cure
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A folder that is there, even an empty one, is somebody's; so is a file in the way."""
    (tmp_path / "trivet-acme").mkdir()
    said = new("acme", "--kind", "target", "--json", at=tmp_path, exits=2)
    assert json.loads(said.stdout)["error"]["code"] == "FOLDER_EXISTS"
    assert not list((tmp_path / "trivet-acme").iterdir())
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigError, match="FOLDER_UNWRITABLE") as caught:
        scaffold("other", "target", tmp_path / "file")
    assert "--into" in str(caught.value.cure)
    assert (tmp_path / "file").read_text() == "mine"
