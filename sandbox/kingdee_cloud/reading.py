"""Queries and what a form looks like."""

from typing import Any

from ..server import Answer
from ..store import Json, Store
from . import filters
from .answers import error, result
from .forms import FORMS, READ, described, fields

NO_FORM = 5


class Reading:
    """The services that change nothing."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def query(self, name: str, form: str, data: Json) -> Answer:
        """Rows as lists (ExecuteBillQuery) or as objects (BillQuery)."""
        if form not in FORMS and form not in READ:
            return Answer([[result(errors=[error("", f"业务对象 {form} 不存在", 0)], code=NO_FORM).body]])
        keys = [k.strip() for k in str(data.get("FieldKeys") or "").split(",") if k.strip()]
        test = filters.parse(str(data.get("FilterString") or ""))
        rows = [row for _, row in self.store.all(form) if test(row)]
        order = [part.strip() for part in str(data.get("OrderString") or "").split(",") if part.strip()]
        rows.sort(key=lambda row: tuple(str(row.get(name, "")) for name in order))
        start = int(data.get("StartRow") or 0)
        limit = min(int(data.get("Limit") or data.get("TopRowCount") or 2000) or 2000, 2000)
        rows = rows[start : start + limit]
        if name == "BillQuery":
            return Answer([{k: self._shown(form, row, k) for k in keys} for row in rows])
        return Answer([[self._shown(form, row, k) for k in keys] for row in rows])

    def _shown(self, form: str, row: Json, key: str) -> Any:
        """A value as a query tells it: the inner id of what a field refers to, unless a dot asks for more; dates as times."""
        name, _, behind = key.partition(".")
        value = row.get(name)
        kind = next((field.kind for field in fields(form) if field.name == name), "text")
        if kind == "employee" and not behind and value is not None:
            return 900000 + int(value) % 100000
        return f"{value}T00:00:00" if kind == "date" and value else value

    def describe(self, _: str, form: str, data: Json) -> Answer:  # noqa: ARG002
        """The fields of a form."""
        name = str(data.get("FormId") or "")
        if name not in FORMS and name not in READ:
            return result(errors=[error("", f"业务对象 {name} 不存在", 0)], code=NO_FORM)
        answer = result()
        answer.body["Result"]["NeedReturnData"] = described(name)
        return answer
