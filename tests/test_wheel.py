"""The wheel works outside the checkout: connectors, schemas, sandbox and plugin, under names that collide with nothing."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROBE = """
import importlib.metadata as m, json, pathlib, sys
from trivet.documents import Contracts
from trivet.registry import installed
import trivet, trivet_sandbox
assert pathlib.Path(trivet.__file__).is_relative_to(sys.argv[1]), trivet.__file__
names = sorted({d.name for _, d in installed()})
assert "assessment" in Contracts.packaged().schemas
with trivet_sandbox.start(["kingdee_cloud"]) as sandbox:
    assert sandbox.announce()["kingdee_cloud"]["base_url"]
print(json.dumps(names))
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel, unpacked as an installer would."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-c",
        "from setuptools.build_meta import build_wheel; import sys; build_wheel(sys.argv[1])",
        str(folder),
    ]
    # built in a copy: what a build leaves behind would be found as a second trivet by whoever runs in the checkout
    copy = folder / "source"
    left = shutil.ignore_patterns(".*", "tests", "benchmarks", "build", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, copy, ignore=left)
    subprocess.run(build, cwd=copy, check=True, capture_output=True)
    (wheel,) = folder.glob("trivet-*.whl")
    site = folder / "site"
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(site)
    return site


def test_it_holds_everything_and_nothing_that_collides(unpacked: Path) -> None:
    """Only `trivet…` names lie at the top."""
    top = {entry.name for entry in unpacked.iterdir() if not entry.name.endswith(".dist-info")}
    assert top == {"trivet", "trivet_connectors", "trivet_schemas", "trivet_sandbox"}
    assert (unpacked / "trivet_schemas" / "flow.schema.json").exists()
    assert (unpacked / "trivet" / "airflow" / "plugin.py").exists()
    assert list((unpacked / "trivet_sandbox" / "world" / "recordings").glob("*.mp4"))


def test_it_runs_far_from_the_checkout(unpacked: Path, tmp_path: Path) -> None:
    """From an unrelated folder: connectors are found by entry point, schemas load, a stand-in starts."""
    code = f"import sys; sys.path.insert(0, {str(unpacked)!r})\n{PROBE}"
    run = subprocess.run(
        [sys.executable, "-P", "-c", code, str(unpacked)], cwd=tmp_path, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert '"successfactors"' in run.stdout
