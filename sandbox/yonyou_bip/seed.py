"""What the tenant knows before anybody calls: staff, courses, completions, and results of a performance period."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ..company import DAY_MS, people, today_ms
from ..store import Json, Store

ZONE = ZoneInfo("Asia/Shanghai")
PERIOD = "2026Q3"
COURSES = (
    ("TRN-SVC-201", "客户服务技巧", 1),
    ("TRN-LRN-110", "工程师快速学习方法", 1),
    ("TRN-LRN-120", "销售新人学习营", 1),
    ("TRN-OLD-001", "旧版入职培训", 2),
)
LEFT = {"code": "10000903", "name": "郑海", "mobile": "+86-13800000903", "email": "zheng.hai@example.org"}


def fill(store: Store, size: int | None) -> None:
    """Puts it there."""
    staff: list[Json] = [
        {"code": p.employee_number, "name": p.name, "mobile": p.phone, "email": p.email, "enable": 1}
        for p in people(size)
        if p.employee_number
    ]
    for i, body in enumerate([*staff, {**LEFT, "enable": 2}]):
        _put(store, "staff", 1949545321422389250 + i, {**body, "dr": "0", "sex": 1, "pubts": _moment(30, i)})
    for i, (code, name, enable) in enumerate(COURSES):
        body = {"code": code, "name": name, "enable": enable, "pubts": _moment(30, i)}
        _put(store, "course", 2210000000000000001 + i, body)
    for i, body in enumerate(staff[:3]):
        result = {
            "code": f"PXJG{i + 1:04d}", "staffCode": body["code"], "courseCode": "TRN-SVC-201", "courseName": "客户服务技巧",
            "completedDate": _moment(6, 0)[:10], "passed": bool(i), "passRate": 50.0 + 20 * i, "planUnique": "",
            "pubts": _moment(5, i),
        }  # fmt: skip
        _put(store, "trainingResult", 2220000000000000001 + i, result)
        score = {
            "staff": body["code"], "schemeid": "360c54ccc7724adbb4617b91776fc600", "schemename": "2026三季度考核",
            "schememodename": "PBC", "schememode": 0, "periodcode": PERIOD, "pyear": 2026, "numvalue": 80.0 + i,
            "text": "B+",
        }  # fmt: skip
        _put(store, "score", 2230000000000000001 + i, score)


def _put(store: Store, kind: str, key: int, body: Json) -> None:
    store.put(kind, str(key), {"id": str(key), **body})


def now() -> str:
    """The server's time, without a zone."""
    return datetime.now(ZONE).strftime("%Y-%m-%d %H:%M:%S")


def _moment(days_ago: int, minutes: int) -> str:
    at = datetime.fromtimestamp((today_ms() - days_ago * DAY_MS) / 1000, UTC) + timedelta(minutes=minutes)
    return at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")
