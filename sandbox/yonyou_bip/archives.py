"""The tenant's own archives: fields, lengths in characters, what is refused; saved, listed and deleted in batches."""

import re
from dataclasses import dataclass
from typing import Any

from ..server import Answer, Request
from ..store import Json, Store
from .seed import now

MOST = 500
OPERATORS = {"eq", "in", "egt"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an archive."""

    name: str
    kind: str = "text"  # text | number | date | staff
    length: int = 40
    required: bool = False


_STAFF = Field("staffCode", "staff", required=True)
ARCHIVES: dict[str, tuple[Field, ...]] = {
    "trainingPlan": (
        _STAFF,
        Field("courseCode", required=True),
        Field("courseName", length=100),
        Field("reason", length=500),
        Field("score", "number"),
        Field("dueDate", "date"),
    ),
    "kpiWeight": (
        _STAFF,
        Field("period", length=10, required=True),
        Field("indicator", length=100, required=True),
        Field("weight", "number", required=True),
        Field("reason", length=500),
    ),
}


class Refused(Exception):
    """A record is wrong."""


class Archives:
    """Batches of records."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def save(self, request: Request) -> Answer:
        """Records by `sourceUnique`; the good ones stay, whatever the others came to."""
        name, rows = request.params["archive"], request.json().get("data")
        if name not in ARCHIVES:
            return Answer({"code": "999", "message": f"档案 {name} 不存在"})
        if not isinstance(rows, list) or not rows:
            return Answer({"code": "999", "message": "data不能为空"})
        infos: list[Json] = []
        wrong: list[Json] = []
        for row in rows:
            try:
                with self.store.together():
                    infos.append(self._save(name, row))
            except Refused as refused:
                wrong.append({"sourceUnique": row.get("sourceUnique"), "message": str(refused)})
        told = {
            "count": len(rows), "successCount": len(infos), "failCount": len(wrong), "infos": infos,
            "IntegrationFailMessage": wrong,
        }  # fmt: skip
        return Answer({"code": "200", "message": "操作成功", "data": told})

    def _save(self, name: str, row: Json) -> Json:
        once = str(row.get("resubmitCheckKey") or "")
        if len(once) > 32:
            raise Refused("resubmitCheckKey长度不能超过32位")
        done = self.store.get("_once", f"{name}/{once}") if once else None
        if done is not None:
            return done
        if not row.get("sourceUnique"):
            raise Refused("sourceUnique不能为空")
        given = str(row.get("id") or "")
        before = self.store.get(name, given) if given else None
        if given and before is None:
            raise Refused("id:根据id未查询到任何数据")
        same = self.store.owned(name, "sourceUnique", str(row["sourceUnique"]))
        if any(one["id"] != given for one in same):
            raise Refused("sourceUnique:数据已存在")
        body = _checked(self.store, name, {**(before or {}), **row})
        key = given or str(self.store.next_number(name, 2310000000000000001))
        record = {"id": key, "sourceUnique": str(row["sourceUnique"]), **body, "pubts": now()}
        self.store.put(name, key, record)
        if once:
            self.store.put("_once", f"{name}/{once}", record)
        return record

    def delete(self, request: Request) -> Answer:
        """Records by id; the answer counts and gives reasons, and does not say whose."""
        name, rows = request.params["archive"], request.json().get("data") or []
        messages: list[str] = []
        for row in rows:
            said = self._hindered(name, str(row.get("id")))
            if said:
                messages.append(said)
            elif not self.store.delete(name, str(row.get("id"))):
                messages.append("根据id未查询到任何数据,请输入正确的id")
        told = {
            "count": len(rows), "sucessCount": len(rows) - len(messages), "failCount": len(messages), "messages": messages,
            "infos": [],
        }  # fmt: skip
        return Answer({"code": 200, "message": "操作成功", "data": told})

    def _hindered(self, name: str, key: str) -> str:
        """What a rule of the tenant says against it."""
        row = self.store.get(name, key) or {}
        return next(
            (r["says"] for _, r in self.store.all("_rule") if row.get("sourceUnique") in r["references"]), ""
        )

    def list(self, request: Request) -> Answer:
        """A page of any list."""
        return listed(self.store, request.params["archive"], request.json(), 200)


def listed(store: Store, kind: str, asked: Json, code: int | str) -> Answer:
    """A page of the objects of that kind, by id, that meet `simple` and `simpleVOs`."""
    size, page = asked.get("pageSize"), asked.get("pageIndex")
    if not isinstance(size, int) or not isinstance(page, int) or not 0 < size <= MOST or page < 1:
        return Answer({"code": "999", "message": "pageIndex、pageSize不正确"})
    rows = [row for _, row in sorted(store.all(kind))]
    since = (asked.get("simple") or {}).get("pubts")
    rows = [row for row in rows if not since or row["pubts"] >= since]
    for condition in asked.get("simpleVOs") or []:
        field, op, value = condition["field"], condition["op"], condition.get("value1")
        if op not in OPERATORS:
            return Answer({"code": "999", "message": f"不支持的逻辑符 {op}"})
        wanted = value if op == "in" else [value]
        rows = [row for row in rows if (row.get(field) >= value if op == "egt" else row.get(field) in wanted)]
    start = (page - 1) * size
    data = {
        "pageIndex": page, "pageSize": size, "recordCount": len(rows), "pageCount": -(-len(rows) // size),
        "recordList": [_shown(row) for row in rows[start : start + size]],
    }  # fmt: skip
    return Answer({"code": code, "message": "操作成功", "data": data})


def _shown(row: Json) -> Json:
    # dates come back as the midnight of their day
    return {n: f"{v} 00:00:00" if re.fullmatch(r"\d{4}-\d\d-\d\d", str(v)) else v for n, v in row.items()}


def _checked(store: Store, name: str, row: Json) -> Json:
    """The values as stored; unknown keys are ignored."""
    body: Json = {}
    for field in ARCHIVES[name]:
        value = row.get(field.name)
        if value in (None, ""):
            if field.required:
                raise Refused(f"{field.name}:不能为空")
            continue
        body[field.name] = _value(store, field, value)
    return body


def _value(store: Store, field: Field, value: Any) -> Any:
    if field.kind == "staff":
        if not store.owned("staff", "code", str(value)):
            raise Refused(f"{field.name}:员工不存在")
        return str(value)
    if field.kind == "number":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Refused(f"{field.name}:不是有效的数值")
        return float(value)
    if field.kind == "date":
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)):
            raise Refused(f"{field.name}:日期格式不正确")
        return str(value)
    if len(str(value)) > field.length:
        raise Refused(f"{field.name}:长度不能超过{field.length}")
    return str(value)
