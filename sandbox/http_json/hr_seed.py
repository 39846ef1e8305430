"""The demo company as an in-house HR system keeps it: everything that we ask for has a field of its own."""

from datetime import datetime
from zoneinfo import ZoneInfo

from ..company import DAY_MS, RECORDINGS, Person, company, people, today_ms
from ..store import Json, Store

SHANGHAI = ZoneInfo("Asia/Shanghai")
MEDIA_TYPES = {".ogg": "audio/ogg", ".mp4": "video/mp4", ".m4a": "audio/mp4"}
KINDS = ("job", "candidate", "application", "interview", "recording")


def stamp(millis: int) -> str:
    """As the system writes times: Shanghai's clock without saying so, of one length, so that they sort as texts."""
    return datetime.fromtimestamp(millis / 1000, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def seed(store: Store, size: int | None) -> None:
    """Jobs, people, what they applied for, and the recordings of their interviews."""
    start = today_ms() - 3 * DAY_MS
    with store.together():
        jobs = {key: f"J-{i + 1:02d}" for i, key in enumerate(company()["positions"])}
        for key, position in company()["positions"].items():
            put(store, "job", jobs[key], _job(position), start)
        for i, person in enumerate(people(size)):
            _person(store, i + 1, person, jobs[person.position], start + 1000 * i)


def _job(position: Json) -> Json:
    return {
        "title": position["title"], "state": "open", "family": position["family"], "site": position["site"],
        "report_language": position["language"], "department": position["department"]["name"],
        "keywords": position["keywords"], "levels": position["competencies"], "openings": position["openings"],
    }  # fmt: skip


def _person(store: Store, i: int, person: Person, job: str, at: int) -> None:
    candidate, application, interview = (f"{letter}-{i:06d}" for letter in "CAI")
    store.put(
        "_key", person.key, {"candidate": candidate, "application": application, "interview": interview}
    )
    day = stamp(at - DAY_MS)[:10]
    consents = [{"purpose": purpose, "on": day, "notice": "2026-03"} for purpose in person.consent]
    put(store, "candidate", candidate, {
        "name": person.name, "email": person.email, "mobile": person.phone, "consents": consents, "shoe_size": 42,
    }, at)  # fmt: skip
    put(store, "application", application, {
        "candidate_no": candidate, "job_no": job, "state": person.stage, "employee_no": person.employee_number,
    }, at)  # fmt: skip
    put(store, "interview", interview, {
        "application_no": application, "round": 1, "begins_at": stamp(at - DAY_MS),
        "ends_at": stamp(at - DAY_MS + 1_800_000), "deleted_at": None,
    }, at)  # fmt: skip
    record(store, interview, application, person.recording, at)


def record(
    store: Store, interview: str, application: str, file: str, at: int, content: str | None = None
) -> Json:
    """A recording of the interview: one of the world's files, or `content` in hexadecimal digits."""
    number = f"R-{store.next_number('recording', 1):06d}"
    kind = MEDIA_TYPES.get(file[file.rfind(".") :], "application/octet-stream")
    body = {"interview_no": interview, "application_no": application, "file": file, "media_type": kind}
    return put(store, "recording", number, {**body, "_content": content}, at)


def content_of(recording: Json) -> bytes:
    """The file's bytes."""
    if recording.get("_content") is not None:
        return bytes.fromhex(recording["_content"])
    return (RECORDINGS / str(recording["file"])).read_bytes()


def put(store: Store, kind: str, number: str, body: Json, at: int) -> Json:
    """Stores it as changed at that time."""
    made = {"no": number, **body, "changed_at": stamp(at)}
    store.put(kind, number, made, at)
    return made
