"""Lists as Lever gives them: `{data, next, hasNext}`, newest first, and a token that leads on.

Rows stand by their update time, so that one which changes while somebody pages moves to the front, past the reader: the
vendor promises no order. A refusal is `Refused`.
"""

import re
from urllib.parse import parse_qs, urlsplit

from ..server import Answer, Request
from ..store import Json, Store

MOST_ROWS = 100
FAR = 2**62
DELETED_WINDOW_MS = 30 * 86_400_000
"""`/postings/deleted` looks at so much of the past in one call."""
_TOKEN = re.compile(r"0\.(\d{1,15})\.([0-9a-f-]{36})")
_BESIDE_UPDATED = {"updated_at_start", "updated_at_end", "confidentiality", "limit", "offset"}
Query = dict[str, list[str]]
Rows = list[tuple[int, str, Json]]
"""Time, id and object."""


class Refused(Exception):
    """A status of 4xx with the vendor's code and text."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def asked(request: Request) -> Query:
    """The query; a name may stand several times."""
    return parse_qs(urlsplit(request.raw_path).query, keep_blank_values=True)


def bad(message: str) -> Refused:
    """HTTP 400."""
    return Refused(400, "BadRequestError", message)


def page(rows: Rows, query: Query) -> Answer:
    """The page that the query asks for."""
    text = query.get("limit", [str(MOST_ROWS)])[0]
    if not text.isdecimal() or not 1 <= int(text) <= MOST_ROWS:
        raise bad(f"limit must be between 1 and {MOST_ROWS}")
    before = (FAR, "~")
    if "offset" in query:
        match = _TOKEN.fullmatch(query["offset"][0])
        if match is None:
            raise bad("Invalid offset token")
        before = (int(match[1]), match[2])
    left = sorted((row for row in rows if (row[0], row[1]) < before), key=lambda row: row[:2], reverse=True)
    shown = left[: int(text)]
    more = len(left) > len(shown)
    following = {"next": f"0.{shown[-1][0]}.{shown[-1][1]}"} if more else {}
    return Answer({"data": [visible(body) for _, _, body in shown], **following, "hasNext": more})


def visible(body: Json) -> Json:
    """Without what is the stand-in's own."""
    return {name: value for name, value in body.items() if not name.startswith("_")}


def window(query: Query, name: str) -> tuple[int, int] | None:
    """The two sides of a time filter, both inclusive; None where it is not asked for."""
    low, high = (query.get(f"{name}_{side}", [""])[0] for side in ("start", "end"))
    if not low and not high:
        return None
    for text in (low, high):
        if text and not text.isdecimal():
            raise bad(f"{name} is not a proper timestamp")
    return int(low or 0), int(high or FAR)


def postings(store: Store, query: Query) -> Rows:
    """Every state; a time filter stands with `confidentiality` alone."""
    updated = window(query, "updated_at")
    if updated and not set(query) <= _BESIDE_UPDATED:
        raise bad("updated_at parameters can only be used in combination with confidentiality")
    rows = [(int(body["updatedAt"]), key, body) for key, body in store.all("postings")]
    states = query.get("state")
    return [
        row
        for row in rows
        if _within(row[0], updated) and _open_to(row[2], query) and (not states or row[2]["state"] in states)
    ]


def opportunities(store: Store, query: Query) -> Rows:
    """By the documented filters; one without an update time is in no window of it."""
    updated, created = window(query, "updated_at"), window(query, "created_at")
    found: Rows = []
    for key, body in store.all("opportunities"):
        applied = [store.get("applications", name) or {} for name in body["applications"]]
        contact = store.get("contacts", body["contact"]) or {}
        wanted = (
            ("contact_id", [body["contact"]]), ("posting_id", [a.get("posting") for a in applied]),
            ("stage_id", [body["stage"]]), ("tag", body["tags"]), ("email", contact.get("emails", [])),
            ("origin", [body["origin"]]), ("archive_reason_id", [(body["archived"] or {}).get("reason")]),
            ("archived", [str(body["archived"] is not None).lower()]),
        )  # fmt: skip
        at = body["updatedAt"]
        if (
            all(name not in query or set(query[name]) & set(values) for name, values in wanted)
            and (updated is None or (at is not None and _within(at, updated)))
            and _within(body["createdAt"], created)
            and _open_to(body, query)
        ):
            found.append((at or body["createdAt"], key, body))
    return found


def deleted(store: Store, kind: str, query: Query) -> Rows:
    """What was deleted, by the time of it; of postings no more than a month in one call."""
    when = window(query, "deleted_at")
    if kind == "postings":
        if when is None or when[1] == FAR or not 0 <= when[1] - when[0] <= DELETED_WINDOW_MS:
            raise bad("deleted_at_start and deleted_at_end are required, 30 days apart at most")
        when = (when[0], when[1] - 1)
    rows = [(int(body["deletedAt"]), key, body) for key, body in store.all(f"_deleted_{kind}")]
    return [row for row in rows if _within(row[0], when)]


def owned(store: Store, kind: str, opportunity: str) -> Rows:
    """What belongs to an opportunity."""
    if store.get("opportunities", opportunity) is None:
        raise missing("opportunities", opportunity)
    rows = store.owned(kind, "_opportunity", opportunity)
    return [(int(body.get("createdAt") or body.get("uploadedAt") or 0), body["id"], body) for body in rows]


def missing(kind: str, name: str) -> Refused:
    """HTTP 404."""
    return Refused(404, "ResourceNotFound", f"{kind} {name} was not found")


def _within(at: int, when: tuple[int, int] | None) -> bool:
    return when is None or when[0] <= at <= when[1]


def _open_to(body: Json, query: Query) -> bool:
    asked_for = query.get("confidentiality", ["non-confidential"])[0]
    return asked_for in ("all", body["confidentiality"])
