"""Lists as Harvest v3 gives them: a bare array, the highest id first, and a cursor that travels alone in the `Link` header.

A refusal is `Refused`. The time filter comes as `updated_at=gte|…|lte|…`, as the vendor's request builder writes it, or as
`updated_at[gte]=…`, as public clients do.
"""

import base64
import json
from datetime import datetime
from typing import Any

from ..store import Json, Store

KINDS = (
    "jobs", "candidates", "applications", "interviews", "attachments", "notes", "custom_fields", "scorecards",
    "scorecard_candidate_attributes", "job_candidate_attributes", "interviewers",
)  # fmt: skip
OWNERS = {
    "candidate_ids": "candidate_id", "application_ids": "application_id", "job_ids": "job_id",
    "scorecard_ids": "scorecard_id", "interview_ids": "interview_id",
}  # fmt: skip
PLAIN = ("status", "type", "field_type", "name_key", "stage_name", "email", "visibility")
MOST_IDS, MOST_ROWS, ROWS = 50, 500, 100
FAR, HIGHEST = 2**62, "9" * 20
_TIMES = ("created_at", "updated_at")


class Refused(Exception):
    """HTTP 422 with this text."""


def listed(store: Store, kind: str, query: dict[str, str]) -> tuple[list[Json], str | None]:
    """The rows and the next page's cursor."""
    if "cursor" in query:
        if len(query) > 1:
            raise Refused("When passing a cursor, do not include other query params.")
        asked, before = _opened(query["cursor"], kind)
    else:
        asked, before = query, HIGHEST
    size = _size(asked)
    rows = _rows(store, kind, asked, before, size + 1)
    more = len(rows) > size
    rows = rows[:size]
    shown = [{name: value for name, value in body.items() if not name.startswith("_")} for _, body in rows]
    if "fields" in asked:
        wanted = asked["fields"].split(",")
        shown = [{name: row[name] for name in wanted if name in row} for row in shown]
    return shown, _sealed(asked, kind, rows[-1][0]) if more else None


def _rows(store: Store, kind: str, asked: dict[str, str], before: str, limit: int) -> list[tuple[str, Json]]:
    low, high = _window(asked)
    owners = [name for name in OWNERS if name in asked]
    plain = [name for name in PLAIN if name in asked]
    if "ids" not in asked and not owners and not plain:
        return store.latest(kind, low, high, before, limit)
    found: dict[str, Json] = {}
    if "ids" in asked:
        known = [(str(i), store.get(kind, str(i))) for i in _ids(asked, "ids")]
        found = {key: body for key, body in known if body is not None}
    elif owners:
        for i in _ids(asked, owners[0]):
            found |= {str(body["id"]): body for body in store.owned(kind, OWNERS[owners[0]], i)}
    else:
        found = dict(store.all(kind))
    chosen = [
        (key, body)
        for key, body in sorted(found.items(), reverse=True)
        if key < before
        and all(body.get(OWNERS[name]) in _ids(asked, name) for name in owners)
        and all(_plain(body, name) == asked[name] for name in plain)
        and low <= _millis(body["updated_at"]) <= high
    ]
    return chosen[:limit]


def _plain(body: Json, name: str) -> Any:
    # asked for as active, told as in_process
    return "active" if name == "status" and body.get(name) == "in_process" else body.get(name)


def _window(asked: dict[str, str]) -> tuple[int, int]:
    given = [name for name in _TIMES if any(key == name or key.startswith(f"{name}[") for key in asked)]
    if len(given) > 1:
        raise Refused("created_at and updated_at cannot be combined.")
    low, high = 0, FAR
    for name in given:
        for operator, text in _conditions(asked, name):
            at = _millis(text)
            match operator:
                case "gte":
                    low = max(low, at)
                case "gt":
                    low = max(low, at + 1)
                case "lte":
                    high = min(high, at)
                case "lt":
                    high = min(high, at - 1)
                case _:
                    raise Refused(f"{name}: unknown operator {operator}")
    return low, high


def _conditions(asked: dict[str, str], name: str) -> list[tuple[str, str]]:
    parts = asked[name].split("|") if name in asked else []
    if len(parts) % 2:
        raise Refused(f"{name} is invalid")
    found = list(zip(parts[::2], parts[1::2], strict=True))
    return found + [
        (key[len(name) + 1 : -1], value) for key, value in asked.items() if key.startswith(f"{name}[")
    ]


def _millis(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text} is not a date-time") from None
    if at.tzinfo is None:
        raise Refused(f"{text} is not a date-time")
    return round(at.timestamp() * 1000)


def _ids(asked: dict[str, str], name: str) -> list[int]:
    parts = asked[name].split(",")
    if len(parts) > MOST_IDS or not all(part.isdecimal() for part in parts):
        raise Refused(f"{name} takes up to {MOST_IDS} whole numbers")
    return [int(part) for part in parts]


def _size(asked: dict[str, str]) -> int:
    text = asked.get("per_page", str(ROWS))
    if not text.isdecimal() or not 1 <= int(text) <= MOST_ROWS:
        raise Refused(f"per_page must be between 1 and {MOST_ROWS}")
    return int(text)


def _sealed(asked: dict[str, str], kind: str, before: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([kind, asked, before]).encode()).decode()


def _opened(cursor: str, kind: str) -> tuple[dict[str, str], str]:
    try:
        named, asked, before = json.loads(base64.urlsafe_b64decode(cursor))
    except ValueError:
        raise Refused("cursor is invalid") from None
    if named != kind:
        raise Refused("cursor is invalid")
    return asked, before
