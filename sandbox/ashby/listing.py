"""Lists with cursors and sync tokens, as the guide on pagination and incremental sync describes them.

A whole list shows everything, the newest first; its last page gives a token that is worth everything which changes from the
list's beginning on. A list with a token shows what changed between the token and the list's own beginning. A refusal is
`Refused`, which becomes HTTP 200 with `success: false`.
"""

import base64
import json
from typing import Any

from ..store import Json, Store

KINDS = ("job", "candidate", "application", "interviewSchedule", "customField")
FILTERS: dict[str, dict[str, str | None]] = {
    "application": {"jobId": "job", "status": None},
    "interviewSchedule": {"applicationId": None},
}
MOST_ROWS = 100
FAR, HIGHEST = 2**62, "~"


class Refused(Exception):
    """An error's code."""

    def __init__(self, code: str, message: str | None = None) -> None:
        super().__init__(code)
        self.code, self.message = code, message or code.replace("_", " ").capitalize()


def listed(store: Store, kind: str, body: Json) -> Json:
    """The envelope of a page."""
    limit = body.get("limit", MOST_ROWS)
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MOST_ROWS:
        raise Refused("invalid_input", f"limit must be a number between 1 and {MOST_ROWS}")
    token, cursor = body.get("syncToken"), body.get("cursor")
    after = (
        0 if token is None else _opened(store, kind, token, "sync_token_expired", "sync_token_invalid")["at"]
    )
    begun, before, page = changes(store), HIGHEST, 1
    if cursor is not None:
        said = _opened(store, kind, cursor, "next_cursor_expired", "invalid_next_cursor")
        if said.get("after") != after:
            raise Refused("cursor_invalid", "The cursor belongs to another sync token")
        begun, before, page = said["begun"], said["before"], said["page"]
    if after and page > (store.get("_setting", "pages") or {"most": FAR})["most"]:
        raise Refused("incremental_sync_too_large")
    rows = _rows(store, kind, body, after, begun if after else FAR, before, limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    answer = {"success": True, "results": [shown(kind, row) for _, row in rows], "moreDataAvailable": more}
    if more:
        following = {"after": after, "begun": begun, "before": rows[-1][0], "page": page + 1}
        return answer | {"nextCursor": _sealed(store, kind, following)}
    return answer | {"syncToken": _sealed(store, kind, {"at": begun})}


def shown(kind: str, row: Json, *, single: bool = False) -> Json:
    """What a caller sees of an object; `application.info` tells more than its list."""
    seen = {name: value for name, value in row.items() if not name.startswith("_")}
    return seen | dict(row.get("_info") or {}) if single and kind == "application" else seen


def changes(store: Store) -> int:
    """How many changes there have been."""
    return int((store.get("_counter", "change") or {"value": 0})["value"])


def expire(store: Store) -> None:
    """No cursor and no token that was given before is good any more."""
    store.put("_setting", "age", {"age": _age(store) + 1})


def _rows(
    store: Store, kind: str, body: Json, after: int, until: int, before: str, limit: int
) -> list[tuple[str, Json]]:
    chosen = {name: body[name] for name in FILTERS.get(kind, {}) if body.get(name) is not None}
    if not chosen:
        return store.latest(kind, after + 1 if after else 0, until, before, limit)
    found = [(key, row) for key, row in reversed(store.all(kind)) if key < before]
    return [(key, row) for key, row in found if all(_value(kind, row, n) == v for n, v in chosen.items())][
        :limit
    ]


def _value(kind: str, row: Json, name: str) -> Any:
    inside = FILTERS[kind][name]
    return row[inside]["id"] if inside else row.get(name)


def _age(store: Store) -> int:
    return int((store.get("_setting", "age") or {"age": 0})["age"])


def _sealed(store: Store, kind: str, said: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps([kind, _age(store), said]).encode()).decode()


def _opened(store: Store, kind: str, text: Any, expired: str, invalid: str) -> Json:
    try:
        named, age, said = json.loads(base64.urlsafe_b64decode(str(text)))
    except ValueError:
        raise Refused(invalid, "It cannot be decoded; begin a full sync") from None
    if named != kind or not isinstance(said, dict):
        raise Refused(invalid, "It cannot be decoded; begin a full sync")
    if age != _age(store):
        raise Refused(expired, "It has expired; begin a full sync")
    return said
