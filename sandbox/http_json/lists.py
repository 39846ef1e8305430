"""Lists of what the ERP knows, each paged in another way, as they grew over the years."""

from ..server import Answer, Request
from ..store import Json, Store
from .rpc import OK, told

MOST = 100


class Lists:
    """Lists below `/api/` and one below `/rpc/`."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def numbered(self, kind: str, request: Request) -> Answer:
        """`page` from 1 and `size`."""
        rows, size = self._rows(kind, request.query.get("changed_since")), _size(request.query.get("size"))
        start = (int(request.query.get("page") or 1) - 1) * size
        return Answer({"data": rows[start : start + size], "total": len(rows)})

    def offset(self, kind: str, request: Request) -> Answer:
        """`offset` in rows and `size`."""
        rows, start = (
            self._rows(kind, request.query.get("changed_since")),
            int(request.query.get("offset") or 0),
        )
        return Answer({"data": rows[start : start + _size(request.query.get("size"))], "total": len(rows)})

    def linked(self, kind: str, request: Request, base: str) -> Answer:
        """A link to the next page; `base` is empty for links that are relative."""
        rows, size = self._rows(kind, None), _size(request.query.get("size"))
        start = int(request.query.get("from") or 0)
        following = (
            f"{base}{request.path}?from={start + size}&size={size}" if start + size < len(rows) else None
        )
        return Answer({"data": rows[start : start + size], "links": {"next": following}})

    def after(self, kind: str, request: Request) -> Answer:
        """A word for the row after which the next page begins."""
        after, size = request.query.get("cursor"), _size(request.query.get("size"))
        rows = self._rows(kind, request.query.get("changed_since"))
        rows = [row for row in rows if after is None or f"after:{row['id']}" > after]
        more = f"after:{rows[size - 1]['id']}" if len(rows) > size else None
        return Answer({"data": rows[:size], "next_cursor": more})

    def command(self, kind: str, request: Request) -> Answer:
        """The same in the flavour of commands: page and filter in the body."""
        given = request.json()
        rows, page = self._rows(kind, given.get("since")), given.get("page") or {}
        size = _size(page.get("size"))
        start = (int(page.get("no") or 1) - 1) * size
        return told(OK, rows=rows[start : start + size])

    def _rows(self, kind: str, since: str | None) -> list[Json]:
        # by id: a row that changes while pages are read keeps its place
        return [row for _, row in self.store.all(kind) if since is None or row["updated_at"] >= since]


def _size(text: str | int | None) -> int:
    return min(max(int(text or MOST), 1), MOST)
