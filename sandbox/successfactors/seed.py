"""What the tenant knows before anybody calls: people, plans, courses, competencies, and what became of some of them."""

from ..company import DAY_MS, company, people, today_ms
from ..store import Json, Store

COURSES = (
    ("TRN-SVC-201", "客户服务技巧", "A"),
    ("TRN-LRN-110", "工程师快速学习方法", "A"),
    ("TRN-LRN-120", "销售新人学习营", "A"),
    ("TRN-LRN-130", "金融从业者持续学习", "A"),
    ("TRN-OLD-001", "旧版入职培训", "I"),
)
COMPETENCIES = (
    ("technical_ability", "Technical Ability"),
    ("learning_ability", "Learning Ability"),
    ("teamwork", "Teamwork"),
    ("leadership", "Leadership"),
    ("communication", "Communication"),
    ("service_orientation", "Service Orientation"),
    ("risk_awareness", "Risk Awareness"),
)
PLANS = ((1, "Performance Goals"), (101, "Probation Goals"))
LEFT = {
    "userId": "10000901", "firstName": "Ingrid", "lastName": "Holm", "defaultFullName": "Ingrid Holm",
    "email": "ingrid.holm@example.org", "status": "f", "title": "Wealth Adviser", "department": "D400",
}  # fmt: skip


def fill(store: Store, size: int | None) -> None:
    """Puts it there."""
    staff = [person for person in people(size) if person.employee_number]
    positions = company()["positions"]
    for i, person in enumerate(staff):
        number = str(person.employee_number)
        position = positions[person.position]
        _user(
            store,
            i,
            {
                "userId": number,
                "firstName": person.name,
                "lastName": "",
                "defaultFullName": person.name,
                "email": person.email,
                "cellPhone": person.phone,
                "status": "t",
                "hireDate": _date(30 + i),
                "title": position["title"],
                "department": position["department"]["code"],
            },
        )
    _user(store, len(staff), {**LEFT, "hireDate": _date(900)})
    _lists(store)
    _became(store, [str(person.employee_number) for person in staff[:4]])


def _user(store: Store, i: int, user: Json) -> None:
    store.put("User", user["userId"], {**user, "lastModifiedDateTime": _moment(20, i, "+0000")})


def _lists(store: Store) -> None:
    for number, name in PLANS:
        body = {"id": str(number), "name": name, "startDate": _date(300), "dueDate": _date(-60)}
        store.put("GoalPlanTemplate", str(number), body)
    for i, (code, name) in enumerate(COMPETENCIES):
        body = {"externalCode": code, "name_defaultValue": name, "libName": "Yunxiu Core", "status": "A"}
        store.put("CompetencyEntity", code, {**body, "lastModifiedDateTime": _moment(200, i)})
    for i, (code, name, status) in enumerate(COURSES):
        body = {"externalCode": code, "externalName": name, "mdfSystemStatus": status}
        body |= {"mdfSystemEffectiveStartDate": _date(400), "lastModifiedDateTime": _moment(200, i)}
        store.put("cust_Course", code, body)


def _became(store: Store, numbers: list[str]) -> None:
    for i, number in enumerate(numbers):
        key = str(7001 + i)
        goal = {
            "id": key, "userId": number, "name": "Give one talk to colleagues", "purpose": "Communication",
            "category": "Learning and Growth", "type": "user", "flag": 0, "state": "On Track", "start": _date(20),
            "due": _date(-100), "guid": f"G{key}", "planId": "2001", "lastModified": _moment(9, i),
        }  # fmt: skip
        store.put("DevGoal_2001", key, goal)
        form = {
            "formDataId": str(9101 + i), "formSubjectId": number, "formTitle": "Probation Review",
            "formDataStatus": 3 if i < 3 else 1, "rating": 3.5 + i / 2 if i < 3 else None,
            "formReviewStartDate": _date(95), "formReviewEndDate": _date(5), "formLastModifiedDate": _moment(4, i),
        }  # fmt: skip
        store.put("FormHeader", str(9101 + i), form)


def _date(days_ago: int) -> str:
    return f"/Date({today_ms() - days_ago * DAY_MS})/"


def _moment(days_ago: int, minutes: int, offset: str = "") -> str:
    return f"/Date({today_ms() - days_ago * DAY_MS + minutes * 60_000}{offset})/"
