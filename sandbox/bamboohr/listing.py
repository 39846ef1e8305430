"""Applications in pages of the vendor's own size, with the filters and orders of the specification.

A refusal is `Refused`. `newSince` is by the day of application: there is no filter by update.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from ..store import Json, Store
from .seed import STATUSES

ROWS = 50
GROUPS = {number: group for number, _, _, group in STATUSES}
ORDERS: dict[str, Callable[[Json], Any]] = {
    "first_name": lambda row: row["applicant"]["firstName"],
    "job_title": lambda row: row["job"]["title"]["label"],
    "rating": lambda row: row["rating"] or 0,
    "phone": lambda row: row["applicant"]["phoneNumber"] or "",
    "status": lambda row: row["status"]["label"],
    "last_updated": lambda row: row["_updated"],
    "created_date": lambda row: row["appliedDate"],
}


class Refused(Exception):
    """HTTP 400 with this text."""


def listed(store: Store, query: dict[str, str], address: str) -> Json:
    """One page of applications."""
    rows = [row for _, row in store.all("applications") if _wanted(row, query)]
    order = query.get("sortBy", "created_date")
    if order not in ORDERS or query.get("sortOrder", "ASC") not in ("ASC", "DESC"):
        raise Refused("Invalid sort")
    rows.sort(key=lambda row: (ORDERS[order](row), row["id"]), reverse=query.get("sortOrder") == "DESC")
    page, size = _page(query), rows_of(store)
    more = len(rows) > page * size
    following = f"{address}?{urlencode({**query, 'page': page + 1})}" if more else None
    return {
        "paginationComplete": not more, "nextPageUrl": following,
        "applications": [_short(row) for row in rows[(page - 1) * size : page * size]],
    }  # fmt: skip


def rows_of(store: Store) -> int:
    """Rows of a page."""
    return int((store.get("_setting", "rows") or {"rows": ROWS})["rows"])


def _page(query: dict[str, str]) -> int:
    text = query.get("page", "1")
    if not text.isdecimal() or int(text) < 1:
        raise Refused("Invalid page")
    return int(text)


def _wanted(row: Json, query: dict[str, str]) -> bool:
    group = GROUPS[row["status"]["id"]]
    groups = query.get("applicationStatus", "ALL").split(",")
    ids = query.get("applicationStatusId", str(row["status"]["id"])).split(",")
    person = row["applicant"]
    words = f"{person['firstName']} {person['lastName']} {person['email']}".casefold()
    return (
        query.get("jobId", str(row["job"]["id"])) == str(row["job"]["id"])
        and ("ALL" in groups or group in groups or ("ALL_ACTIVE" in groups and group in ("NEW", "ACTIVE")))
        and str(row["status"]["id"]) in ids
        and query.get("searchString", "").casefold() in words
        and (
            "newSince" not in query or datetime.fromisoformat(row["appliedDate"]) > _since(query["newSince"])
        )
    )


def _since(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise Refused("Invalid newSince") from None


def _short(row: Json) -> Json:
    person, job = row["applicant"], row["job"]
    kept = ("id", "firstName", "lastName", "avatar", "email", "source")
    return {
        "id": row["id"], "appliedDate": row["appliedDate"], "rating": row["rating"],
        "status": {name: row["status"][name] for name in ("id", "label")},
        "applicant": {name: person[name] for name in kept}, "job": {"id": job["id"], "title": job["title"]},
    }  # fmt: skip
