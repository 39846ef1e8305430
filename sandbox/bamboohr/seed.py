"""The demo company in BambooHR's own objects.

Positions hold nothing of what they ask for: the API has no place for it. Consents are questions of the application form, each
with its purpose in brackets at the end; the employee number is the employee's; a recording is an attachment of the application.
"""

from datetime import UTC, datetime
from typing import Any

from ..company import DAY_MS, RECORDINGS, Person, company, people, today_ms
from ..store import Json, Store

FIRST = {
    "jobs": 20, "applicants": 400, "applications": 3_000, "files": 9_000, "employees": 100, "comments": 70_000,
    "changes": 80_000, "training": 500, "goals": 600,
}  # fmt: skip
MEDIA_TYPES = {".ogg": "audio/ogg", ".mp4": "video/mp4", ".m4a": "audio/mp4", ".pdf": "application/pdf"}
STATUSES = (
    (1, "NEW", "New", "NEW"), (2, "REVIEWED", "Reviewed", "ACTIVE"),
    (5, "SCHEDULE_INTERVIEW", "Schedule Interview", "ACTIVE"), (6, "INTERVIEWED", "Interviewed", "ACTIVE"),
    (9, "NOT_A_FIT", "Not a Fit", "INACTIVE"), (10, "DECLINED_OFFER", "Declined Offer", "INACTIVE"),
    (14, "OFFER_SENT", "Offer Sent", "ACTIVE"), (16, "HIRED", "Hired", "HIRED"),
    (40, None, "AI interview assessed", "ACTIVE"),
)  # fmt: skip
"""Id, code, name and group; the last one is the company's own."""
STAGES = {"screening": 2, "interview": 6, "offer": 14, "hired": 16, "rejected": 9, "withdrawn": 10}
QUESTIONS = {
    "record": "May we record the interview?", "ai_score": "May software score what you said?",
    "share_erp": "May we share the result with our HR systems if we hire you?",
    "export": "May the result leave the country?", "expression": "May software look at your expression?",
}  # fmt: skip
NOTICE = "Version of the notice that you have read"
COURSES = ("客户服务技巧", "工程师快速学习方法", "销售新人学习营", "金融从业者持续学习")


def seed(store: Store, size: int | None) -> None:
    """Jobs, applications with their attachments, employees and training types."""
    start = today_ms() - 3 * DAY_MS
    with store.together():
        positions = company()["positions"]
        jobs = {key: FIRST["jobs"] + i for i, key in enumerate(positions)}
        for key, position in positions.items():
            store.put("jobs", str(jobs[key]), _job(jobs[key], position, start))
        for i, name in enumerate(COURSES):
            store.put("training_types", str(i + 1), _training_type(i + 1, name))
        for i, person in enumerate(people(size)):
            _person(
                store, i, person, jobs[person.position], positions[person.position], start + 1000 * (i + 1)
            )
        strangers = {"firstName": "Sam", "lastName": "Park", "homeEmail": "sam.park@example.org"}
        employ(store, {**strangers, "employeeNumber": "10009999"}, start)


def stamp(millis: int) -> str:
    """The vendor's form of a time."""
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="seconds")


def status_of(number: int) -> Json | None:
    """Id and label, None where there is no such status."""
    return next(({"id": i, "label": name} for i, _, name, _ in STATUSES if i == number), None)


def _job(number: int, position: Json, at: int) -> Json:
    department = position["department"]
    lead = {"employeeId": 7, "firstName": "Robin", "lastName": "Hale", "avatar": None, "jobTitle": None}
    return {
        "id": number, "title": {"id": number, "label": position["title"]}, "postedDate": stamp(at),
        "location": {"id": 1, "label": position["site"], "address": {}},
        "department": {"id": int(department["code"][1:]), "label": department["name"]},
        "status": {"id": 2, "label": "Open"}, "hiringLead": lead, "postingUrl": None,
    }  # fmt: skip


def _training_type(number: int, name: str) -> Json:
    return {
        "id": number, "name": name, "renewable": False, "required": None, "category": [], "linkUrl": None,
        "description": None, "allowEmployeesToMarkComplete": False,
    }  # fmt: skip


def _person(store: Store, i: int, person: Person, job: int, position: Json, at: int) -> None:
    number, applicant = FIRST["applications"] + i, FIRST["applicants"] + i
    first, _, last = person.name.partition(" ")
    store.put("_key", person.key, {"application": number, "applicant": applicant})
    applied = stamp(at)
    store.put("applications", str(number), {
        "id": number, "appliedDate": applied,
        "status": {**(status_of(STAGES[person.stage]) or {}), "dateChanged": applied, "changedByUser": None},
        "rating": None, "resumeFileId": None, "coverLetterFileId": None, "movedTo": None, "movedFrom": None,
        "alsoConsideredForCount": 0, "duplicateApplicationCount": 0, "referredBy": None, "desiredSalary": None,
        "emailCount": 0, "eventCount": 1, "applicationReferences": None,
        "questionsAndAnswers": list(_answers(person)),
        "applicant": {
            "id": applicant, "firstName": first, "lastName": last, "email": person.email, "phoneNumber": person.phone,
            "avatar": None, "source": "Careers website", "twitterUsername": None, "address": None, "linkedinUrl": None,
            "websiteUrl": None, "availableStartDate": None, "education": None,
        },
        "job": {"id": job, "title": {"id": job, "label": position["title"]}, "hiringLead": None},
        "_updated": at,
    }, at)  # fmt: skip
    attach(store, number, f"Interview {i + 1}{suffix(person.recording)}", at, file=person.recording)
    if person.employee_number:
        employ(store, _hired(person, position), at)


def _answers(person: Person) -> Any:
    said = {
        f"{text} [consent_{purpose}]": "Yes" if purpose in person.consent else "No"
        for purpose, text in QUESTIONS.items()
    }
    said |= {f"{NOTICE} [consent_notice]": "2026-03", "Shoe size": "42"}
    for i, (question, answer) in enumerate(said.items()):
        yield {
            "question": {"id": 50 + i, "label": question}, "answer": {"id": 50 + i, "label": answer}, "hasRevisions": False,
            "isArchived": False, "archivedDate": None, "editedDate": None, "editedEndDate": None,
        }  # fmt: skip


def _hired(person: Person, position: Json) -> Json:
    first, _, last = person.name.partition(" ")
    return {
        "firstName": first, "lastName": last, "homeEmail": person.email, "mobilePhone": person.phone,
        "employeeNumber": person.employee_number, "jobTitle": position["title"], "department": position["department"]["name"],
        "location": position["site"],
    }  # fmt: skip


def employ(store: Store, said: Json, at: int) -> str:
    """A new employee; the id."""
    number = str(store.next_number("employees", FIRST["employees"]))
    body = {
        "workEmail": None, "workPhone": None, "mobilePhone": None, "homePhone": None, "preferredName": None, "jobTitle": None,
        "department": None, "division": None, "location": None, **said, "id": number, "status": "Active",
        "hireDate": stamp(at)[:10], "terminationDate": "0000-00-00",
    }  # fmt: skip
    store.put("employees", number, body, at)
    store.put("_changed", number, {"id": number, "action": "Inserted", "lastChanged": stamp(at)}, at)
    return number


def suffix(file: str) -> str:
    """With the dot; empty where there is none."""
    return file[file.rfind(".") :] if "." in file else ""


def attach(
    store: Store, application: int, name: str, at: int, *, file: str | None = None, content: str | None = None
) -> Json:
    """A file at an application: one of the world's, or `content` in hexadecimal digits."""
    number = store.next_number("files", FIRST["files"])
    body = {"id": number, "application": application, "name": name, "_file": file, "_content": content}
    store.put("files", str(number), body, at)
    return body


def content_of(file: Json) -> bytes:
    """The file's bytes."""
    if file.get("_content") is not None:
        return bytes.fromhex(file["_content"])
    return (RECORDINGS / str(file["_file"])).read_bytes()
