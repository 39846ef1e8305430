"""The demo company in Moka's own objects: an application with its person, interview rounds and attachments inside.

Consents, the employee number and what a position asks for are custom fields; a recording is an attachment whose name begins
with `interview-<round>`.
"""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ..company import DAY_MS, RECORDINGS, Person, company, people, today_ms
from ..store import Json, Store

BEIJING = ZoneInfo("Asia/Shanghai")
MEDIA_TYPES = {".ogg": "audio/ogg", ".mp4": "video/mp4", ".m4a": "audio/mp4"}
STAGES = {
    "screening": (105_001, "初筛", 100), "interview": (105_002, "面试", 201), "offer": (105_003, "沟通Offer", 101),
    "hired": (105_004, "待入职", 102),
}  # fmt: skip
JOBS, APPLICATIONS, CANDIDATES = "5b1f0f8e-0000-4000-8000-{:012d}", 47_000_001, 28_000_001


def seed(store: Store, size: int | None) -> None:
    """Positions and applications."""
    start = today_ms() - 3 * DAY_MS
    with store.together():
        jobs = {}
        for i, (key, position) in enumerate(company()["positions"].items()):
            jobs[key] = JOBS.format(i + 1)
            store.put("job", jobs[key], _job(jobs[key], position, start + i), start + i)
        for i, person in enumerate(people(size)):
            _application(store, i, person, jobs[person.position], start + 1000 + i)


def stamp(millis: int) -> str:
    """A time as the vendor writes it: UTC with a Z."""
    return (
        datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def custom(values: Json) -> list[Json]:
    """Custom fields."""
    return [{"name": name, "value": value} for name, value in values.items()]


def _job(number: str, position: Json, at: int) -> Json:
    levels = {f"competency_{code}": level for code, level in position["competencies"].items()}
    return {
        "id": number, "title": position["title"], "status": "open", "hireMode": 1, "commitment": "全职",
        "department": {"id": 900, "code": position["department"]["code"], "name": position["department"]["name"]},
        "number": position["openings"], "openedAt": stamp(at), "updatedAt": stamp(at),
        "customFields": custom({
            "family": position["family"], "site": position["site"], "report_language": position["language"],
            "keywords": ", ".join(position["keywords"]), **levels,
        }),
    }  # fmt: skip


def _application(store: Store, i: int, person: Person, job: str, at: int) -> None:
    number = APPLICATIONS + i
    store.put("_key", person.key, {"application": number, "candidate": CANDIDATES + i})
    consents = {f"consent_{purpose}": stamp(at - DAY_MS)[:10] for purpose in person.consent}
    number_of = {"employee_number": person.employee_number} if person.employee_number else {}
    stage, name, kind = STAGES[person.stage]
    body: dict[str, Any] = {
        "basicInfo": {
            "applicationId": number, "candidateId": CANDIDATES + i, "name": person.name, "phone": person.phone,
            "email": person.email, "gender": None, "experience": 5, "academicDegree": "本科", "sourceName": "官网",
            "stage": {"id": stage, "name": name, "type": kind}, "archived": False, "archiveReasons": None,
            "appliedAt": stamp(at), "updatedAt": stamp(at), "job": {"jobId": job},
        },
        "interviewInfo": [{
            "round": 1, "roundName": "初试", "interviewType": "视频面试", "status": "已结束", "startTime": at - DAY_MS,
            "intervieweeVideoUrl": f"https://meet.yunxiu.example/{i}", "interviewerFeedbacks": [],
        }],
        "customFields": custom({**consents, "consent_notice": "2026-03", "shoe_size": 42, **number_of}),
        "attachments": [attachment(f"interview-1{suffix(person.recording)}", person.recording)],
    }  # fmt: skip
    store.put("application", str(number), body, at)


def suffix(file: str) -> str:
    """With the dot; empty where there is none."""
    return file[file.rfind(".") :] if "." in file else ""


def attachment(name: str, file: str | None, content: str | None = None) -> Json:
    """A file of the world's, or `content` in hexadecimal digits."""
    return {"fileName": name, "_file": file, "_content": content}


def content_of(file: Json) -> bytes:
    """The file's bytes."""
    if file.get("_content") is not None:
        return bytes.fromhex(file["_content"])
    return (RECORDINGS / str(file["_file"])).read_bytes()
