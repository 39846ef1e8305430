"""What the account knows before anybody calls: staff, departments, courses, and what became of some people."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ..company import DAY_MS, company, people, today_ms
from ..store import Json, Store
from .forms import COURSE_FORM, DEPARTMENT_FORM, EMPLOYEE_FORM, KPI_RESULT, TRAINING_RESULT

ZONE = ZoneInfo("Asia/Shanghai")
COURSES = (
    ("TRN-SVC-201", "客户服务技巧", "A"),
    ("TRN-LRN-110", "工程师快速学习方法", "A"),
    ("TRN-LRN-120", "销售新人学习营", "A"),
    ("TRN-OLD-001", "旧版入职培训", "B"),
)
LEFT = {
    "FNumber": "10000902",
    "FName": "郑海",
    "FMobile": "+8613800000902",
    "FEmail": "zheng.hai@example.org",
}


def fill(store: Store, size: int | None) -> None:
    """Puts it there."""
    staff = [person for person in people(size) if person.employee_number]
    for i, person in enumerate(staff):
        body = {"FNumber": person.employee_number, "FName": person.name, "FMobile": person.phone}
        _base(store, EMPLOYEE_FORM, i, {**body, "FEmail": person.email, "FForbidStatus": "A"})
    _base(store, EMPLOYEE_FORM, len(staff), {**LEFT, "FForbidStatus": "B"})
    for i, position in enumerate(company()["positions"].values()):
        code = position["department"]
        _base(
            store, DEPARTMENT_FORM, i, {"FNumber": code["code"], "FName": code["name"], "FForbidStatus": "A"}
        )
    for i, (code, name, forbidden) in enumerate(COURSES):
        _base(store, COURSE_FORM, i, {"FNumber": code, "FName": name, "FForbidStatus": forbidden})
    _became(store, [str(person.employee_number) for person in staff[:3]])


def _base(store: Store, form: str, i: int, body: Json) -> None:
    key = str(body["FNumber"])
    store.put(form, key, {**body, "FDocumentStatus": "C", "FModifyDate": _moment(30, i)})


def _became(store: Store, numbers: list[str]) -> None:
    for i, number in enumerate(numbers):
        training = {
            "FID": 200001 + i, "FBillNo": f"PXJG{i + 1:04d}", "FStaffNumber": number, "FCourseNumber": "TRN-SVC-201",
            "FCourseName": "客户服务技巧", "FCompletedDate": _moment(6, 0)[:10], "FPassed": "1" if i else "0",
            "FPassRate": 50.0 + 20 * i, "FPlanNo": "", "FDocumentStatus": "C", "FModifyDate": _moment(5, i),
        }  # fmt: skip
        store.put(TRAINING_RESULT, str(training["FID"]), training)
        result = {
            "FID": 300001 + i, "FBillNo": f"KPI{i + 1:04d}", "FStaffNumber": number, "FPeriod": "2026Q3",
            "FIndicator": "客户满意度", "FWeight": 30.0, "FScore": 80.0 + i, "FRating": "B+",
            "FReviewDate": _moment(4, 0)[:10], "FDocumentStatus": "C", "FModifyDate": _moment(3, i),
        }  # fmt: skip
        store.put(KPI_RESULT, str(result["FID"]), result)


def now() -> str:
    """The server's time, without a zone."""
    return datetime.now(ZONE).replace(tzinfo=None).isoformat(timespec="milliseconds")


def _moment(days_ago: int, minutes: int) -> str:
    at = datetime.fromtimestamp((today_ms() - days_ago * DAY_MS) / 1000, UTC) + timedelta(minutes=minutes)
    return at.astimezone(ZONE).replace(tzinfo=None).isoformat(timespec="milliseconds")
