"""The flavour of commands: many rows in one POST, always HTTP 200, a code for the whole and one for each row.

Rows are not unique by our reference, and what is deleted stays in the answers as `del: 1`.
"""

from typing import Any

from ..server import Answer, Request
from ..store import Json, Store
from .records import Refused, checked

OK, NO_LOGIN, TOO_MANY_ROWS, BAD_COMMAND, WORKFLOW = 0, 4001, 9003, 9004, 9100
MOST = 20
KIND = "kpi"
_NUMBERS = {"missing": "E11", "unknown": "E12", "length": "E13", "type": "E17", "range": "E17"}


class Commands:
    """Commands below `/rpc/kpi/`."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def batch(self, request: Request) -> Answer:
        """`op` create, update or delete over `rows`; the good ones stay, whatever the others came to."""
        given = request.json()
        rows, command = given.get("rows"), given.get("op")
        if command not in ("create", "update", "delete") or not isinstance(rows, list):
            return told(BAD_COMMAND, "unknown op")
        if len(rows) > MOST:
            return told(TOO_MANY_ROWS, f"at most {MOST} rows")
        results = []
        for row in rows:
            with self.store.together():
                results.append(self._row(command, row))
        return told(OK, results=results)

    def query(self, request: Request) -> Answer:
        """Every row, deleted ones too, whose `ref` is among `refs`."""
        refs = request.json().get("refs")
        if not isinstance(refs, list) or len(refs) > MOST:
            return told(TOO_MANY_ROWS, f"1 to {MOST} refs")
        return told(OK, rows=[row for _, row in self.store.all(KIND) if row["ref"] in refs])

    def _row(self, command: str, row: Any) -> Json:
        try:
            if command == "create":
                body = checked(self.store, KIND, row.get("data"))
                key = self.store.next_number(KIND, 100001)
                made = {"id": key, "ver": 1, "ref": row.get("ref"), "del": 0, "data": body}
            else:
                before = self.store.get(KIND, str(row.get("id")))
                if before is None or before["del"]:
                    return {"ok": False, "err": {"no": "E44", "fld": None, "msg": "记录不存在"}}
                made = {**before, "ver": before["ver"] + 1}
                if command == "delete":
                    made["del"] = 1
                else:
                    made["data"] = checked(self.store, KIND, row.get("data"))
        except Refused as refused:
            return {
                "ok": False,
                "err": {"no": _NUMBERS[refused.what], "fld": refused.field, "msg": str(refused)},
            }
        self.store.put(KIND, str(made["id"]), made)
        return {"ok": True, "id": made["id"], "ver": made["ver"]}


def told(code: int, message: str = "", **more: Any) -> Answer:
    """The envelope."""
    return Answer({"code": code, "msg": message, **more})
