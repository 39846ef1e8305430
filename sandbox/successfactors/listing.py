"""Pages of an entity's rows: filter, order, `$skiptoken`, and snapshots that stay as they were.

Without `paging=snapshot` a page is cut from what is there at that moment, so rows come twice or not at all when something
changes in between (KBA 2723468). Without a word on the status only active users are told.
"""

from collections import OrderedDict
from urllib.parse import urlencode

from ..store import Json, Store
from . import filters
from .model import Entity

MAX_PAGE = 1000
KEPT = 50
_ACTIVE = filters.parse("status eq 't'", {"status"})


class Listing:
    """Pages, and the snapshots from which some are cut."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._snapshots: OrderedDict[str, list[Json]] = OrderedDict()
        self._made = 0

    def page(self, entity: Entity, query: dict[str, str]) -> tuple[list[Json], str | None]:
        """The rows, and the query of the next page; ValueError where the query is malformed."""
        snapshot, _, start_text = query.get("$skiptoken", "").rpartition("-")
        start = int(start_text or query.get("$skip") or 0)
        rows = self._snapshots.get(snapshot) if snapshot else None
        if snapshot and rows is None:
            raise ValueError("the snapshot is over")
        if rows is None:
            rows = self._rows(entity, query)
        if query.get("paging") == "snapshot" and not entity.name.startswith("cust_") and not snapshot:
            snapshot = self._keep(rows)
        size = min(int(query.get("$top") or MAX_PAGE), MAX_PAGE, int(query.get("customPageSize") or MAX_PAGE))
        end = start + size
        wanted = [name for name in query.get("$select", "").split(",") if name]
        page = [_selected(entity, row, wanted) for row in rows[start:end]]
        if end >= len(rows) or "$top" in query:
            return page, None
        token = f"{snapshot}-{end}" if snapshot else str(end)
        return page, urlencode({**query, "$skiptoken": token})

    def _rows(self, entity: Entity, query: dict[str, str]) -> list[Json]:
        known = {p.name for p in entity.properties}
        said = query.get("$filter", "")
        test = filters.parse(said, known) if said else (lambda _: True)
        rows = [body for _, body in self.store.all(entity.name) if test(body)]
        if entity.name == "User" and "status" not in said and "userId" not in said:
            rows = [row for row in rows if _ACTIVE(row)]
        for part in reversed([part for part in query.get("$orderby", "").split(",") if part]):
            name, _, direction = part.strip().partition(" ")
            if name not in known:
                raise ValueError(f"unknown property {name}")
            rows.sort(key=lambda row: _sortable(row.get(name)), reverse=direction == "desc")
        return rows

    def _keep(self, rows: list[Json]) -> str:
        self._made += 1
        name = f"s{self._made}"
        self._snapshots[name] = rows
        while len(self._snapshots) > KEPT:
            self._snapshots.popitem(last=False)
        return name


def _selected(entity: Entity, row: Json, wanted: list[str]) -> Json:
    unknown = [name for name in wanted if entity.property(name) is None]
    if unknown:
        raise ValueError(f"unknown property {unknown[0]}")
    return {entity.key: row[entity.key], **{name: row.get(name) for name in wanted}} if wanted else row


def _sortable(value: object) -> tuple[int, str]:
    text = str(value if value is not None else "")
    return (len(text), text) if text.startswith("/Date(") else (0, text)
