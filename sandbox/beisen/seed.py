"""The demo company in Beisen's own objects: applications that point at others by GUID, profiles of names and values.

Consents, the employee number, the recording and what a position asks for are custom fields (`ext…`).
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ..company import DAY_MS, RECORDINGS, Person, company, people, today_ms
from ..store import Json, Store

BEIJING = ZoneInfo("Asia/Shanghai")
MEDIA_TYPES = {".ogg": "audio/ogg", ".mp4": "video/mp4", ".m4a": "audio/mp4"}
PROCESS = "f0000000-0000-4000-8000-000000000001"
STATUSES = {
    stage: f"5{i:07d}-0000-4000-8000-000000000001"
    for i, stage in enumerate(("screening", "interview", "offer", "hired", "rejected"))
}


def guid(letter: str, i: int) -> str:
    """An id."""
    return f"{letter}0000000-0000-4000-8000-{i:012d}"


def seed(store: Store, size: int | None) -> None:
    """Positions, applicants, applications and interviews."""
    start = today_ms() - 3 * DAY_MS
    with store.together():
        jobs = {}
        for i, (key, position) in enumerate(company()["positions"].items()):
            jobs[key] = guid("b", i + 1)
            put(store, "job", jobs[key], _job(i, jobs[key], position), start + i)
        for i, person in enumerate(people(size)):
            _person(store, i + 1, person, jobs[person.position], start + 1000 * i)


def stamp(millis: int) -> str:
    """A time as the vendor writes it: Beijing's clock, without saying so."""
    return datetime.fromtimestamp(millis / 1000, BEIJING).strftime("%Y-%m-%dT%H:%M:%S")


def put(store: Store, kind: str, key: str, body: Json, at: int) -> None:
    """Stores it as changed then; its time has no fractions."""
    store.put(kind, key, body, at // 1000 * 1000)


def _job(i: int, number: str, position: Json) -> Json:
    levels = {f"extCompetency_{code}": str(level) for code, level in position["competencies"].items()}
    return {
        "jobId": number, "jobIntId": 1000 + i, "jobCode": f"J{i + 1:04d}", "jobTitle": position["title"],
        "headCount": position["openings"], "orgId": 900 + i, "isDeleted": 0, "kind": 1, "category": 1, "duty": "", "require": "",
        "fieldValues": {
            "extFamily": position["family"], "extSite": position["site"], "extReportLanguage": position["language"],
            "extKeywords": ", ".join(position["keywords"]), **levels,
        },
    }  # fmt: skip


def field(name: str, value: str, text: str | None = None) -> Json:
    """One value of a profile."""
    return {"name": name, "value": value, "text": text if text is not None else value, "downloadUrl": ""}


def _person(store: Store, i: int, person: Person, job: str, at: int) -> None:
    applicant, apply, interview = guid("c", i), guid("a", i), guid("e", i)
    store.put("_key", person.key, {"applicant": applicant, "apply": apply, "interview": interview})
    day = stamp(at - DAY_MS)[:10]
    consents = [field(f"extConsent_{purpose}", day) for purpose in person.consent]
    put(store, "applicant", applicant, {"applicantId": applicant, "fieldValues": [
        field("Name", person.name), field("Email", person.email), field("MobilePhone", person.phone),
        field("EducationLevel", "-32767", ""), field("OgEducationLevel", "本科（自考）"),
        *consents, field("extConsentNotice", "2026-03"),
        recording(file_name(apply, interview, person.recording)),
    ]}, at)  # fmt: skip
    put(store, "apply", apply, {
        "applyId": apply, "applicantId": applicant, "jobId": job, "processId": PROCESS,
        "processPhaseId": guid("d", 1), "processStatusId": STATUSES[person.stage],
        "fieldValues": {"extEmployeeNumber": person.employee_number},
    }, at)  # fmt: skip
    begin = at - (1 + i % 3) * DAY_MS
    put(store, "interview", interview, {
        "interviewId": interview, "applyId": apply, "round": 1, "interviewType": "视频面试", "status": "已完成",
        "interviewTime": stamp(begin), "interviewEndTime": stamp(begin + 1_800_000),
    }, begin)  # fmt: skip
    name = file_name(apply, interview, person.recording)
    store.put("_file", f"{applicant} {name}", {"file": person.recording})


def recording(*names: str) -> Json:
    """The profile's field of recordings."""
    return field(
        "extInterviewRecording", ",".join(f"dfs://recruit/{name}" for name in names), ",".join(names)
    )


def file_name(apply: str, interview: str, file: str) -> str:
    """The name by which a recording says whose it is."""
    return f"interview_{apply}_{interview}{suffix(file)}"


def suffix(file: str) -> str:
    """With the dot; empty where there is none."""
    return file[file.rfind(".") :] if "." in file else ""


def content_of(file: Json) -> bytes:
    """The file's bytes: one of the world's, or `content` in hexadecimal digits."""
    if file.get("content") is not None:
        return bytes.fromhex(file["content"])
    return (RECORDINGS / str(file["file"])).read_bytes()


def day_of(text: str) -> int:
    """The begin of a day, by Beijing's clock."""
    return int(datetime.fromisoformat(text).replace(tzinfo=BEIJING).timestamp() * 1000)


def after(text: str) -> int:
    """The end of a day."""
    return day_of((datetime.fromisoformat(text) + timedelta(days=1)).date().isoformat()) - 1
