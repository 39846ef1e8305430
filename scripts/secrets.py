"""Looks for secrets in every file that git keeps, with the detectors of detect-secrets and without a network.

    python -m scripts.secrets            1 and a line for each finding that nobody has looked at
    python -m scripts.secrets --accept   writes what stands there now into `.secrets.json`, once somebody has looked

What was looked at is known by file, kind and hash; `reasons` says by path why such a thing may stand there. A finding where
no reason fits cannot be accepted.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from fnmatch import fnmatch
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.filters import heuristic

ROOT = Path(__file__).resolve().parent.parent
KNOWN = ROOT / ".secrets.json"
SETTINGS = {"Base64 High Entropy String": {"limit": 4.5}, "Hex High Entropy String": {"limit": 3.0}}
BINARY = (".ogg", ".mp4", ".m4a", ".png", ".woff2", ".lock")
"""Recordings, pictures and fonts; and the locks, which are hashes from end to end."""
ALLOWED = "pragma: allowlist secret"
# a line without one of these can hold nothing that a detector knows; asking thirty of them takes a hundred times as long
_WORTH_ASKING = re.compile(
    r"-----BEGIN|://[^\s/]*:[^\s/]*@|[A-Za-z0-9+/_=-]{20,}"
    r"|(?:pass|pwd|secret|token|key|auth|cred|private)\w*[\"'\]]*\s*(?::|=|:=|=>|,)\s*[\"'][^\"']{6,}",
    re.IGNORECASE,
)
_LONGEST_LINE = 2000
Finding = tuple[str, int, str, str]
"""File, line, kind, hash of the secret."""


def main(words: Sequence[str]) -> int:
    """0 when every finding is known."""
    known = json.loads(KNOWN.read_text(encoding="utf-8"))
    found = list(scan(tracked()))
    if "--accept" in words:
        without = [one for one in found if not _reason(one[0], known["reasons"])]
        known["known"] = {
            file: sorted({f"{kind}: {mark}" for f, _, kind, mark in found if f == file})
            for file in sorted({f[0] for f in found})
        }
        if not without:
            KNOWN.write_text(json.dumps(known, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return _told(without, "has no reason in .secrets.json")
    fresh = [one for one in found if f"{one[2]}: {one[3]}" not in known["known"].get(one[0], ())]
    return _told(
        fresh,
        "take it out and renew it; where it opens nothing: a reason, and `python -m scripts.secrets --accept`",
    )


def _told(findings: Iterable[Finding], why: str) -> int:
    lines = [f"{file}:{line}: {kind}: {why}" for file, line, kind, _ in findings]
    print("\n".join(lines), end="\n" if lines else "")  # noqa: T201
    return 1 if lines else 0


def tracked() -> list[str]:
    """Every file that git keeps or would keep, save binary ones."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)  # noqa: S603 - the git of the path
    names = [name for name in listed.stdout.decode().split("\0") if name and not name.endswith(BINARY)]
    return [name for name in names if name != KNOWN.name and (ROOT / name).is_file()]


def scan(names: Sequence[str], root: Path = ROOT) -> Iterator[Finding]:
    """What the detectors find, file by file."""
    with ProcessPoolExecutor(2) as pool:
        for found in pool.map(_in_file, [str(root)] * len(names), names, chunksize=50):
            yield from found


def _in_file(root: str, name: str) -> list[Finding]:
    text = (Path(root) / name).read_text(encoding="utf-8", errors="replace")
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) <= _LONGEST_LINE and ALLOWED not in line and _WORTH_ASKING.search(line):
            for detector in _detectors():
                for secret in detector.analyze_line(filename=name, line=line, line_number=number):
                    if not _harmless(detector, secret.secret_value or "", line, name):
                        mark = sha256(str(secret.secret_value).encode()).hexdigest()[:16]
                        found.append((name, number, str(secret.type), mark))
    return sorted(set(found))


@cache
def _detectors() -> list[Any]:
    return [
        kind(**SETTINGS.get(name, {}))
        for name, kind in get_mapping_from_secret_type_to_class().items()
        if "IP" not in name
    ]


def _harmless(detector: Any, secret: str, line: str, name: str) -> bool:
    """Names, templates and sequences that look like secrets."""
    return (
        heuristic.is_sequential_string(secret)
        or heuristic.is_potential_uuid(secret)
        or heuristic.is_likely_id_string(secret, line, detector)
        or heuristic.is_templated_secret(secret)
        or heuristic.is_prefixed_with_dollar_sign(secret)
        or heuristic.is_indirect_reference(line)
        or heuristic.is_not_alphanumeric_string(secret)
        # `"password": "app_secret"` says which setting a field fills
        or (secret.isidentifier() and secret.islower() and not any(letter.isdigit() for letter in secret))
        or (" " in secret and _by_its_name(detector))
        or (name.endswith(".md") and _by_its_name(detector))
    )


def _by_its_name(detector: Any) -> bool:
    """Whether the detector goes by what the variable is called, not by what the value looks like."""
    return type(detector).__name__ == "KeywordDetector"


def _reason(name: str, reasons: dict[str, str]) -> str | None:
    return next((why for pattern, why in reasons.items() if fnmatch(name, pattern)), None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
