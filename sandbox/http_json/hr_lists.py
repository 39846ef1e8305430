"""The HR system's lists, each paged in another way; by number, so that a row that changes keeps its place.

Lists take the rows that changed at a time or later, and those of given numbers; a parameter that they do not know they overlook.
"""

from typing import Any
from urllib.parse import quote, urlencode

from ..server import Answer, Request
from ..store import Json, Store

MOST = 100


class HrLists:
    """Lists below `/hr/`."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def jobs(self, request: Request, base: str) -> Answer:
        """All of them, closed and deleted ones too; the next page in the `Link` header."""
        rows, size = self._rows("job", request.query), _size(request.query)
        start = int(request.query.get("from") or 0)
        headers = {}
        if start + size < len(rows):
            following = {**request.query, "from": start + size}
            headers["Link"] = (
                f'<{base}{request.path}>; rel="first", <{base}{request.path}?{urlencode(following)}>; rel="next"'
            )
        return told(rows[start : start + size], headers=headers)

    def candidates(self, request: Request) -> Answer:
        """By page number, with a word on whether there are more."""
        rows, size = self._rows("candidate", request.query), _size(request.query)
        start = (int(request.query.get("page") or 1) - 1) * size
        return told(rows[start : start + size], more=start + size < len(rows))

    def applications(self, request: Request) -> Answer:
        """By a word in the header `X-Next`."""
        rows, size = self._rows("application", request.query), _size(request.query)
        rows = [row for row in rows if row["no"] > request.query.get("after", "")]
        return told(rows[:size], headers={"X-Next": quote(rows[size - 1]["no"])} if len(rows) > size else {})

    def interviews(self, request: Request) -> Answer:
        """By POST, with the filter and the first row's number in the body; deleted ones stay with the time."""
        asked = request.json()
        rows, size = self._rows("interview", asked), _size(asked)
        start = int(asked.get("offset") or 0)
        return told(rows[start : start + size])

    def recordings(self, request: Request, link: Any) -> Answer:
        """By a word in the answer; each row with a link that is another one with every read."""
        rows, size = self._rows("recording", request.query), _size(request.query)
        rows = [row for row in rows if row["no"] > request.query.get("cursor", "")]
        more = rows[size - 1]["no"] if len(rows) > size else None
        return told([{**row, "url": link(row["no"])} for row in rows[:size]], next=more)

    def _rows(self, kind: str, asked: Json) -> list[Json]:
        rows = [_shown(row) for _, row in self.store.all(kind)]
        if asked.get("changed_since"):
            rows = [row for row in rows if row["changed_at"] >= asked["changed_since"]]
        for name in ("no", "candidate_no", "application_no", "interview_no"):
            if name in asked:
                wanted = asked[name] if isinstance(asked[name], list) else asked[name].split(",")
                rows = [row for row in rows if row.get(name) in wanted]
        return rows


def told(rows: list[Json], *, headers: dict[str, str] | None = None, **more: Any) -> Answer:
    """The envelope of a list."""
    return Answer({"ok": True, "rows": rows, **more}, headers=headers or {})


def _shown(row: Json) -> Json:
    return {name: value for name, value in row.items() if not name.startswith("_")}


def _size(asked: Json) -> int:
    return min(max(int(asked.get("size") or MOST), 1), MOST)
