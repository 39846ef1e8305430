"""Keeps what was said between us and a vendor, for the vendor's support: on request, shapes without contents.

One JSON file a call in `<state>/exchanges/<connection>/`, the newest 200: method, path, status, milliseconds, correlation
id, and both bodies with every text, number and date replaced by its kind and length. No header of ours is kept.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

KEPT = 200
MOST_ENTRIES = 50
"""Of a list, and of an object's fields; the rest is counted."""
_LONGEST_NAME = 60
_NO_NAME = re.compile(r"[^\s@]@[^\s@]|\d{5,}|\s")
_HEADERS = ("content-type", "retry-after", "x-request-id", "x-correlation-id", "date", "server")


def keep(
    folder: Path, told: Mapping[str, Any], sent: bytes | str | None, answer: bytes, headers: Mapping[str, str]
) -> None:
    """Writes one exchange and drops the oldest; what cannot be written is no reason to fail a call."""
    entry = {
        **told,
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "sent": _shape(sent),
        "answer": _shape(answer),
        "headers": {name: value for name, value in headers.items() if name.lower() in _HEADERS},
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{entry['at'].replace(':', '')}-{told['correlation_id']}.json"
        file.write_text(json.dumps(entry, ensure_ascii=False, indent=1), encoding="utf-8")
        for old in sorted(folder.glob("*.json"))[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return


def _shape(body: bytes | str | None) -> Any:
    if not body:
        return None
    try:
        return masked(json.loads(body))
    except (ValueError, TypeError, RecursionError):
        # a file that is sent as it lies on the disk is no bytes to the parser
        return f"<{len(body)} bytes, not JSON>"


def masked(value: Any) -> Any:
    """The value's shape: field names stay, contents become kind and length."""
    if isinstance(value, dict):
        shown = {_field(name): masked(inner) for name, inner in list(value.items())[:MOST_ENTRIES]}
        return shown | ({"…": f"{len(value) - MOST_ENTRIES} more"} if len(value) > MOST_ENTRIES else {})
    if isinstance(value, list):
        shown_items = [masked(inner) for inner in value[:MOST_ENTRIES]]
        return shown_items + ([f"… {len(value) - MOST_ENTRIES} more"] if len(value) > MOST_ENTRIES else [])
    if isinstance(value, str):
        return f"<text {len(value)}>"
    if isinstance(value, bool) or value is None:
        return value
    return "<number>"


def _field(name: str) -> str:
    """The field's name; what looks like an address, a number or a sentence was used as a key and is no name."""
    return f"<key {len(name)}>" if len(name) > _LONGEST_NAME or _NO_NAME.search(name) else name
