"""What the ERP knows before anybody writes: employees, codes, and what became of some people."""

from datetime import UTC, datetime

from ..company import DAY_MS, company, people, today_ms
from ..store import Json, Store

COURSES = {
    "TRN-SVC-201": "客户服务技巧",
    "TRN-LRN-110": "工程师快速学习方法",
    "TRN-LRN-120": "销售新人学习营",
    "TRN-LRN-130": "金融从业者持续学习",
}
COMPETENCIES = (
    "communication",
    "leadership",
    "learning_ability",
    "risk_awareness",
    "service_orientation",
    "teamwork",
)
GOAL_PLANS = {"GP-2026H2": "2026 下半年 目标", "GP-2026Q4": "2026 Q4", "GP-2027H1": "2027 上半年 目标"}


def fill(store: Store, size: int | None) -> None:
    """Everything, with times of change in the past."""
    with store.together():
        staff = [person for person in people(size) if person.employee_number]
        positions = company()["positions"]
        for i, person in enumerate(staff):
            position = positions[person.position]
            put(store, "employee", f"emp-{person.employee_number}", i, {
                "employee_no": person.employee_number, "full_name": person.name, "email": person.email,
                "phone": person.phone, "employment": {"status": "A", "hired_on": "2026-11-02", "left_on": None},
                "position": position["title"], "department": {"code": position["department"]["code"]},
            })  # fmt: skip
        for i, (code, title) in enumerate(COURSES.items()):
            put(
                store,
                "course",
                code,
                i,
                {"code": code, "title": title, "active": True, "valid_from": "2026-01-01"},
            )
        for i, code in enumerate(COMPETENCIES):
            put(store, "competency", code, i, {"code": code, "title": code.replace("_", " "), "active": True})
        for i, (code, title) in enumerate(GOAL_PLANS.items()):
            put(store, "goal_plan", code, i, {"code": code, "title": title, "active": code != "GP-2027H1"})
        for i, one in enumerate(
            {p["department"]["code"]: p["department"] for p in positions.values()}.values()
        ):
            put(
                store,
                "organisation",
                one["code"],
                i,
                {"code": one["code"], "title": one["name"], "active": True},
            )
        for i, person in enumerate(staff[:4]):
            _results(store, i, str(person.employee_number))


def _results(store: Store, i: int, number: str) -> None:
    code = list(COURSES)[i % len(COURSES)]
    put(store, "completion", f"cmp-{i + 1}", i, {
        "employee_no": number, "course": {"code": code, "title": COURSES[code]}, "finished_on": "2026-11-15",
        "result": "passed" if i % 2 == 0 else "failed", "points": 80 - 10 * i, "points_max": 100, "external_ref": None,
    })  # fmt: skip
    put(store, "review", f"{5001 + i}", i, {
        "emp": number, "cycle": "2026Q3", "grade": "ABCD"[i], "score": 4.5 - i / 2, "max": 5,
        "on": "2026/10/15", "kpis": [{"kpi": "客户满意度", "weight": 30, "score": 4.0}],
    })  # fmt: skip
    put(store, "goal", f"goal-{i + 1}", i, {
        "employee_no": number, "title": f"目标 {i + 1}", "progress": 0.25 * i, "weight": 20, "state": "open",
        "due_on": "2026-12-31", "external_ref": None,
    })  # fmt: skip


def put(store: Store, kind: str, key: str, days_ago: int, body: Json) -> None:
    """Stores it as if it had been changed that long ago."""
    store.put(
        kind, key, {"id": key, **body, "updated_at": stamp((today_ms() - (days_ago + 1) * DAY_MS) / 1000)}
    )


def stamp(seconds: float) -> str:
    """As the ERP writes times: UTC with microseconds, of one length, so that they sort as texts."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
