"""What the customer knows before anybody calls: staff, courses, completions."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ..company import DAY_MS, people, today_ms
from ..store import Json, Store

ZONE = ZoneInfo("Asia/Shanghai")
IN_USE, STOPPED = "2", "3"
COURSES = (
    ("TRN-SVC-201", "客户服务技巧", IN_USE),
    ("TRN-LRN-110", "工程师快速学习方法", IN_USE),
    ("TRN-LRN-120", "销售新人学习营", IN_USE),
    ("TRN-OLD-001", "旧版入职培训", STOPPED),
)
LEFT = {"code": "10000904", "name": "周岚", "mobile": "13800000904", "email": "zhou.lan@example.org"}


def fill(store: Store, size: int | None) -> None:
    """Puts it there."""
    staff: list[Json] = [
        {
            "code": p.employee_number,
            "name": p.name,
            "mobile": p.phone.removeprefix("+86-"),
            "email": p.email,
            "enablestate": IN_USE,
        }
        for p in people(size)
        if p.employee_number
    ]
    for i, body in enumerate([*staff, {**LEFT, "enablestate": STOPPED}]):
        _put(store, "psndoc", i, {**body, "pk_org": "A01", "idtype": "CN01", "ts": _moment(30, i)})
    for i, (code, name, state) in enumerate(COURSES):
        _put(store, "course", i, {"code": code, "name": name, "enablestate": state, "ts": _moment(30, i)})
    for i, body in enumerate(staff[:3]):
        result = {
            "code": f"PXJG{i + 1:04d}", "psncode": body["code"], "coursecode": "TRN-SVC-201", "coursename": "客户服务技巧",
            "enddate": _moment(6, 0)[:10], "ispass": "Y" if i else "N", "passrate": 50.0 + 20 * i, "vsrcid": "",
            "ts": _moment(5, i),
        }  # fmt: skip
        _put(store, "trainresult", i, result)


def _put(store: Store, kind: str, number: int, body: Json) -> None:
    key = f"0001A1{number:014d}"
    store.put(kind, key, {f"pk_{kind}": key, **body})


def now() -> str:
    """The server's time, without a zone."""
    return datetime.now(ZONE).strftime("%Y-%m-%d %H:%M:%S")


def _moment(days_ago: int, minutes: int) -> str:
    at = datetime.fromtimestamp((today_ms() - days_ago * DAY_MS) / 1000, UTC) + timedelta(minutes=minutes)
    return at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")
