"""Every package that a lock file pins: version, hashes, who needs it, and under which licence it says it stands."""

import re
import sysconfig
import tomllib
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distributions
from pathlib import Path

from license_expression import ExpressionError, get_spdx_licensing
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = (
    "requirements.lock",
    "requirements-cluster.lock",
    "requirements-tools.lock",
    "requirements-audio.lock",
)
HUB, EXTRA, CLUSTER, TESTS = "hub", "extra", "cluster", "tests"
"""Who needs a package: every deployment, one with an extra of ours, one with many workers, only whoever develops."""
SPDX = get_spdx_licensing()
_PIN = re.compile(r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
# what packages wrote before there were licence expressions
_SAYS = {
    "apache 2": "Apache-2.0", "apache 2.0": "Apache-2.0", "apache license": "Apache-2.0", "apache license 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0", "apache license, version 2.0": "Apache-2.0", "mit license": "MIT",
    "apache software license": "Apache-2.0", "bsd 2-clause license": "BSD-2-Clause", "3-clause bsd license": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause", "isc license": "ISC", "psfl": "PSF-2.0", "isc license (iscl)": "ISC",
    "the unlicense (unlicense)": "Unlicense", "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0", "sil open font license 1.1 (ofl-1.1)": "OFL-1.1",
    # the classifier does not say how many clauses: the widest of them is what we may rely on
    "bsd license": "BSD-3-Clause", "bsd": "BSD-3-Clause",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Package:
    """One pinned package."""

    name: str
    version: str
    hashes: tuple[str, ...]
    """SHA-256 of each file that may be installed."""
    needed_by: str
    licence: str | None
    """An SPDX expression; None where nobody says one."""
    requires: tuple[str, ...] = ()
    locks: tuple[str, ...] = field(default=())


def settings() -> Mapping[str, Mapping[str, str]]:
    """What pyproject.toml says about licences: `allowed`, `stated`, `exceptions`."""
    found: Mapping[str, Mapping[str, str]] = tomllib.loads(
        (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    )["tool"]["trivet"]["licences"]
    return found


def locked() -> list[Package]:
    """The packages of every lock file, by name."""
    pins: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = {}
    for lock in LOCKS:
        for name, version, hashes in _pins((ROOT / lock).read_text(encoding="utf-8")):
            pins.setdefault(name, {})[lock] = (version, hashes)
    # of the environment alone: packages that others carry within them may have come onto the path
    folders = list({sysconfig.get_path(name) for name in ("purelib", "platlib")})
    there = {canonicalize_name(d.metadata["Name"]): d for d in distributions(path=folders)}
    needs, stated = _needs(there), settings()["stated"]
    found = []
    for name, by_lock in sorted(pins.items()):
        for version in sorted({version for version, _ in by_lock.values()}):
            locks = tuple(lock for lock, (pinned, _) in by_lock.items() if pinned == version)
            hashes = tuple(sorted({one for lock in locks for one in by_lock[lock][1]}))
            installed = there.get(name)
            says = licence_of(installed) if installed else None
            by = needs.get(name, TESTS if "requirements-cluster.lock" not in locks else CLUSTER)
            requires = (
                tuple(sorted(need for need in _requires(installed, ()) if need in pins)) if installed else ()
            )
            found.append(Package(name, version, hashes, by, stated.get(name, says), requires, locks))
    return found


def licence_of(package: Distribution) -> str | None:
    """What the package's metadata says, as an SPDX expression; None where it says nothing that can be known."""
    classifiers = [
        one.rpartition(" :: ")[2]
        for one in package.metadata.get_all("Classifier") or []
        if one[:7] == "License"
    ]
    said = [
        package.metadata.get("License-Expression"),
        *(package.metadata.get("License") or "").splitlines()[:1],
    ]
    for one in (*said, *(classifiers if len(classifiers) == 1 else ())):
        text = _SAYS.get(str(one).strip().lower(), str(one).strip())
        if one and is_spdx(text):
            return text
    return None


def is_spdx(text: str) -> bool:
    """Whether the text is an SPDX expression of licences that SPDX knows."""
    try:
        return bool(text) and not SPDX.unknown_license_keys(SPDX.parse(text))
    except ExpressionError:
        return False


def _pins(text: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for entry in re.split(r"\n(?=\S)", text):
        if match := _PIN.match(entry):
            yield canonicalize_name(match[1]), match[2], tuple(_HASH.findall(entry))


def _needs(there: Mapping[str, Distribution]) -> dict[str, str]:
    """Who needs what, by following what packages say they require."""
    config = ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = config["options.extras_require"]
    asked = {HUB: [config["options"]["install_requires"]]}
    asked[EXTRA] = [extras[name] for name in ("speech", "sap", "report", "postgres", "demo")]
    found: dict[str, str] = {}
    for by, texts in asked.items():
        lines = [line for text in texts for line in text.splitlines() if re.match(r"\w", line)]
        waiting = [Requirement(line) for line in lines]
        while waiting:
            need = waiting.pop()
            name = canonicalize_name(need.name)
            known = there.get(name)
            if name not in found:
                found[name] = by
                waiting += _required(known, tuple(need.extras))
    return found


def _requires(package: Distribution | None, extras: tuple[str, ...]) -> set[str]:
    return {canonicalize_name(need.name) for need in _required(package, extras)}


def _required(package: Distribution | None, extras: tuple[str, ...]) -> list[Requirement]:
    if package is None:
        return []
    needs = [Requirement(text) for text in package.requires or ()]
    return [
        need
        for need in needs
        if not need.marker or any(need.marker.evaluate({"extra": e}) for e in (*extras, ""))
    ]
