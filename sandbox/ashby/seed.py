"""The demo company in Ashby's own objects, joined by UUIDs.

Competency levels, consents and the employee number are custom fields of the tenant; a recording is a file of the candidate
whose name begins with `interview-<id of the interview event>`.
"""

import base64
import json
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from ..company import DAY_MS, RECORDINGS, Person, company, people, today_ms
from ..store import Json, Store

STAGES = {
    "screening": ("Application Review", "PreInterviewScreen"), "interview": ("Face to Face", "Active"),
    "offer": ("Offer", "Offer"), "hired": ("Hired", "Hired"),
}  # fmt: skip
PURPOSES = ("record", "ai_score", "share_erp", "export", "expression")
KINDS = {"consent": "Date", "competency": "Number", "openings": "Number", "keywords": "LongText"}


def seed(store: Store, size: int | None) -> None:
    """Jobs, candidates, applications, interview schedules, files and the definitions of custom fields."""
    start = today_ms() - 3 * DAY_MS
    with store.together():
        positions = company()["positions"]
        codes = sorted({code for position in positions.values() for code in position["competencies"]})
        for definition in _definitions(codes):
            touch(store, "customField", definition, start)
        for i, position in enumerate(positions.values()):
            touch(store, "job", _job(i, position), start + i)
        jobs = {key: number("job", i) for i, key in enumerate(positions)}
        for i, person in enumerate(people(size)):
            _person(store, i, person, jobs[person.position], start + 1000 + i)


def number(kind: str, i: object) -> str:
    """The i-th object's id."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://yunxiu.example/ashby/{kind}/{i}"))


def stamp(millis: int) -> str:
    """The vendor's form of a time."""
    return (
        datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def touch(store: Store, kind: str, body: Json, at: int | None = None) -> Json:
    """Stores the object as changed now: the next sync shows it."""
    with store.together():
        moment = stamp(int(time.time() * 1000) if at is None else at)
        made = {"createdAt": moment, **body, "updatedAt": moment}
        store.put(kind, body["id"], made, store.next_number("change", 1))
    return made


def field(owner: str, key: str, value: Any) -> Json:
    """The value of a custom field, as its object shows it."""
    return {
        "id": number("customField", f"{owner}/{key}"),
        "title": title(key),
        "isPrivate": False,
        "value": value,
    }


def title(key: str) -> str:
    """What people call the field."""
    return key.replace("_", " ").capitalize()


def _definitions(codes: list[str]) -> list[Json]:
    wanted = [
        ("Job", "site"),
        ("Job", "report_language"),
        ("Job", "family"),
        ("Job", "keywords"),
        ("Job", "openings"),
    ]
    wanted += [("Job", f"competency_{code}") for code in codes]
    wanted += [("Candidate", f"consent_{purpose}") for purpose in PURPOSES] + [
        ("Candidate", "consent_notice")
    ]
    wanted += [
        ("Candidate", "shoe_size"),
        ("Application", "employee_number"),
        ("Application", "trivet_reference"),
    ]
    wanted += [("Application", "trivet_report"), ("Application", "trivet_scored_on")]
    wanted += [("Application", f"trivet_score_{code}") for code in codes]
    return [
        {"id": number("customField", f"{owner}/{key}"), "title": title(key), "objectType": owner, "fieldType": _kind(key),
         "isArchived": False, "isPrivate": False, "isRequired": False, "description": None}
        for owner, key in wanted
    ]  # fmt: skip


def _kind(key: str) -> str:
    if key in ("trivet_report", "trivet_scored_on", "consent_notice"):
        return {"trivet_report": "LongText", "trivet_scored_on": "Date", "consent_notice": "String"}[key]
    if key.startswith("trivet_score_") or key == "shoe_size":
        return "Number"
    return KINDS.get(key.split("_")[0], "String")


def _job(i: int, position: Json) -> Json:
    custom = {
        "site": position["site"], "report_language": position["language"], "family": position["family"],
        "keywords": ", ".join(position["keywords"]), "openings": position["openings"],
        **{f"competency_{code}": level for code, level in position["competencies"].items()},
    }  # fmt: skip
    return {
        "id": number("job", i), "title": position["title"], "confidential": False, "status": "Open",
        "employmentType": "FullTime", "locationId": number("location", position["site"]), "hiringTeam": [],
        "departmentId": number("department", i), "defaultInterviewPlanId": number("plan", 0), "jobPostingIds": [],
        "interviewPlanIds": [number("plan", 0)], "customRequisitionId": f"J{i + 1:04d}", "brandId": None, "closedAt": None,
        "customFields": [field("Job", key, value) for key, value in custom.items()],
    }  # fmt: skip


def _person(store: Store, i: int, person: Person, job: str, at: int) -> None:
    ids = {name: number(name, i) for name in ("candidate", "application", "interviewSchedule", "event")}
    store.put("_key", person.key, ids)
    day = stamp(at - DAY_MS)[:10]
    consents: Json = {f"consent_{purpose}": day for purpose in person.consent}
    custom = {**consents, "consent_notice": "2026-03", "shoe_size": 42}
    email, phone = contact(person.email, "Personal"), contact(person.phone, "Mobile")
    touch(store, "candidate", {
        "id": ids["candidate"], "name": person.name, "primaryEmailAddress": email, "emailAddresses": [email],
        "primaryPhoneNumber": phone, "phoneNumbers": [phone], "socialLinks": [], "tags": [], "position": None, "company": None,
        "school": None, "timezone": None, "location": None, "applicationIds": [ids["application"]], "resumeFileHandle": None,
        "fileHandles": [], "customFields": [field("Candidate", key, value) for key, value in custom.items()],
        "profileUrl": f"https://app.ashbyhq.example/candidates/{ids['candidate']}", "source": None, "creditedToUser": None,
    }, at)  # fmt: skip
    attach(
        store,
        ids["candidate"],
        f"interview-{ids['event']}{suffix(person.recording)}",
        at,
        file=person.recording,
    )
    position = store.get("job", job) or {}
    custom = {"employee_number": person.employee_number} if person.employee_number else {}
    touch(store, "application", {
        "id": ids["application"], "status": "Hired" if person.stage == "hired" else "Active", "archiveReason": None,
        "candidate": {"id": ids["candidate"], "name": person.name, "primaryEmailAddress": email, "primaryPhoneNumber": phone},
        "currentInterviewStage": stage(person.stage), "source": None, "creditedToUser": None, "archivedAt": None,
        "job": {"id": job, "title": position["title"], "locationId": position["locationId"]}, "hiringTeam": [], "openings": [],
        "customFields": [field("Application", key, value) for key, value in custom.items()],
        "appliedViaJobPostingId": None, "submitterClientIp": "203.0.113.7", "submitterUserAgent": "a browser",
        "_info": {"applicationHistory": [], "applicationFormSubmissions": [], "referrals": [], "resumeFileHandle": None},
    }, at)  # fmt: skip
    touch(store, "interviewSchedule", {
        "id": ids["interviewSchedule"], "status": "Complete", "applicationId": ids["application"], "scheduledBy": None,
        "interviewStageId": stage("interview")["id"], "interviewEvents": [event(ids["event"], i, at)],
    }, at)  # fmt: skip


def stage(name: str) -> Json:
    """A stage of the one interview plan."""
    said, kind = STAGES.get(name, STAGES["interview"])
    return {
        "id": number("stage", name),
        "title": said,
        "type": kind,
        "orderInInterviewPlan": list(STAGES).index(name),
    }


def event(name: str, i: int, at: int) -> Json:
    """One interview of a schedule."""
    return {
        "id": name, "interviewId": number("interview", 0), "interviewScheduleId": number("interviewSchedule", i),
        "startTime": stamp(at - DAY_MS), "endTime": stamp(at - DAY_MS + 1_800_000), "location": None,
        "meetingLink": f"https://meet.yunxiu.example/{i}", "interviewerUserIds": [], "interviewers": [],
        "hasSubmittedFeedback": True, "notetakerTranscriptId": None, "createdAt": stamp(at), "updatedAt": stamp(at),
    }  # fmt: skip


def contact(value: str, kind: str) -> Json:
    """An address or a number."""
    return {"value": value, "type": kind, "isPrimary": True}


def suffix(file: str) -> str:
    """With the dot; empty where there is none."""
    return file[file.rfind(".") :] if "." in file else ""


def attach(
    store: Store,
    candidate: str,
    name: str,
    at: int | None = None,
    *,
    file: str | None = None,
    content: str | None = None,
) -> str:
    """The id of a new file of a candidate: one of the world's, or `content` in hexadecimal digits."""
    made = number("file", store.next_number("file", 1))
    store.put("_file", made, {"candidate": candidate, "name": name, "file": file, "content": content})
    said = {"handle": {"type": "CandidateFile", "fileId": made, "ownerId": candidate}, "version": "1"}
    handle = base64.b64encode(json.dumps(said).encode()).decode()
    body = store.get("candidate", candidate) or {}
    body["fileHandles"] = [*body["fileHandles"], {"id": made, "name": name, "handle": handle}]
    touch(store, "candidate", body, at)
    return made


def content_of(file: Json) -> bytes:
    """The file's bytes."""
    if file.get("content") is not None:
        return bytes.fromhex(file["content"])
    return (RECORDINGS / str(file["file"])).read_bytes()
