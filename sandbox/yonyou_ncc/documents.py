"""The customer's documents: fields, lengths in characters, what is refused; saved one by one, queried, deleted by key."""

import re
from dataclasses import dataclass
from typing import Any

from ..server import Answer, Request
from ..store import Json, Store
from .auth import BIZ_CENTER, refused
from .seed import now

MOST = 500


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a document's head."""

    name: str
    kind: str = "text"  # text | number | date | staff
    length: int = 40
    required: bool = False


_STAFF = Field("psncode", "staff", required=True)
DOCUMENTS: dict[str, tuple[Field, ...]] = {
    "trainplan": (
        _STAFF,
        Field("coursecode", required=True),
        Field("coursename", length=100),
        Field("reason", length=500),
        Field("score", "number"),
        Field("duedate", "date"),
    ),
    "kpiweight": (
        _STAFF,
        Field("period", length=10, required=True),
        Field("indicator", length=100, required=True),
        Field("weight", "number", required=True),
        Field("reason", length=500),
    ),
}
QUERIED = {"course", "trainresult", *DOCUMENTS}


class Refused(Exception):
    """A document is wrong."""


class Documents:
    """Calls on documents; a call's `busi_id` is done once."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def save(self, name: str, body: Json, request: Request) -> Answer:
        """One document under the sender's id."""
        interface = body.get("ufinterface")
        bill = interface.get("bill") if isinstance(interface, dict) else None
        if (
            not isinstance(interface, dict)
            or not isinstance(bill, dict)
            or not isinstance(bill.get("billhead"), dict)
        ):
            return refused("1000000001", "ufinterface:null")
        if interface.get("account") != BIZ_CENTER:
            return refused("1000000001", f"无法获得数据源,账套:{interface.get('account')}")
        once = request.headers.get("busi_id") if request.headers.get("repeat_check") == "Y" else None
        if once and self.store.get("_once", once) is not None:
            return refused("1000000001", f"重复请求 busi_id:{once}")
        try:
            with self.store.together():
                key = self._save(name, str(bill.get("id") or ""), bill["billhead"], interface.get("replace"))
                if once:
                    self.store.put("_once", once, {"key": key})
        except Refused as refusal:
            return _result("N", "-32000", f"单据 {bill.get('id')} 处理错误:{refusal}", "", "1000000001")
        return _result("Y", "1", f"单据 {bill.get('id')} 处理完毕!", key, "1000000000")

    def _save(self, name: str, bill: str, head: Json, replace: Any) -> str:
        if not bill:
            raise Refused("单据id不能为空")
        same = self.store.get(f"_{name}_bill", bill)
        key = str(same["key"]) if same else ""
        there = key and self.store.get(name, key) is not None
        if there and replace != "Y":
            raise Refused("单据已经导入,不允许更新")
        if not there:
            key = f"1001A1{self.store.next_number(name, 1):014d}"
        before = self.store.get(name, key) or {}
        row = _checked(self.store, name, {**before, **head})
        pk = f"pk_{name}"
        self.store.put(name, key, {pk: key, "def20": str(head.get("def20") or bill), **row, "ts": now()})
        self.store.put(f"_{name}_bill", bill, {"key": key})
        return key

    def delete(self, name: str, body: Json) -> Answer:
        """Documents by key, all or none."""
        keys = body.get(f"pk_{name}")
        if not isinstance(keys, list) or not keys:
            return refused("1000000001", f"pk_{name}不能为空")
        for key in keys:
            row = self.store.get(name, str(key))
            if row is None:
                return refused("1000000001", f"{key} 单据不存在")
            for _, rule in self.store.all("_rule"):
                if row.get("def20") in rule["references"]:
                    return refused("1000000001", rule["says"])
        with self.store.together():
            for key in keys:
                self.store.delete(name, str(key))
        return Answer({"success": True, "data": None, "code": "1000000000", "message": None})

    def query(self, name: str, body: Json) -> Answer:
        """A page of the rows that meet every condition; a list of values is any of them."""
        interface = body.get("ufinterface") or {}
        info, conditions = interface.get("pageInfo") or {}, interface.get("data")
        try:
            page, size = int(info["pageIndex"]), int(info["pageSize"])
        except (KeyError, TypeError, ValueError):
            return refused("1000000002", "pageInfo")
        if not isinstance(conditions, dict) or page < 0 or not 0 < size <= MOST:
            return refused("1000000002", "pageInfo")
        rows = [row for _, row in sorted(self.store.all(name))]
        for field, wanted in conditions.items():
            any_of = wanted if isinstance(wanted, list) else [wanted]
            if wanted not in (None, []):
                rows = [row for row in rows if row.get(field) in any_of]
        shown = [_shown(row) for row in rows[page * size : (page + 1) * size]]
        return Answer({"success": True, "data": shown, "code": "1000000000", "message": None})


def _result(successful: str, code: str, words: str, key: str, answer_code: str) -> Answer:
    entry = {"bdocid": "", "resultcode": code, "resultdescription": words, "content": key}
    done = successful == "Y"
    data = {"ufinterface": {"successful": successful, "sendresult": [entry]}}
    return Answer(
        {"success": done, "data": data, "code": answer_code, "message": None if done else words, "errorStack": None}
    )  # fmt: skip


def _shown(row: Json) -> Json:
    """Numbers as text with eight decimals, dates with the time of day."""
    told: Json = {}
    for name, value in row.items():
        if isinstance(value, float):
            told[name] = f"{value:.8f}"
        elif re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)):
            told[name] = f"{value} 00:00:00"
        else:
            told[name] = value
    return told


def _checked(store: Store, name: str, row: Json) -> Json:
    """The values as stored; unknown fields are ignored."""
    body: Json = {}
    for field in DOCUMENTS[name]:
        value = row.get(field.name)
        if value in (None, ""):
            if field.required:
                raise Refused(f"{field.name}不能为空")
            continue
        body[field.name] = _value(store, field, value)
    return body


def _value(store: Store, field: Field, value: Any) -> Any:
    if field.kind == "staff":
        if not store.owned("psndoc", "code", str(value)):
            raise Refused(f"{field.name}:人员未翻译成功")
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
