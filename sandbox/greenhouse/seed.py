"""The demo company in Harvest v3's own objects: flat, joined by whole numbers.

Competency levels, consents and the employee number are custom fields of the tenant; a recording is an attachment of the
application whose name begins with `interview-<id>`.
"""

from datetime import UTC, datetime
from typing import Any

from ..company import DAY_MS, RECORDINGS, Person, company, people, today_ms
from ..store import Json, Store

FIRST = {
    "jobs": 4_000_000_000, "candidates": 5_000_000_000, "applications": 6_000_000_000, "interviews": 7_000_000_000,
    "attachments": 8_000_000_000, "notes": 9_000_000_000, "custom_fields": 3_000_000_000,
    "scorecards": 2_000_000_000, "scorecard_candidate_attributes": 2_100_000_000, "job_candidate_attributes": 2_200_000_000,
    "interviewers": 2_300_000_000,
}  # fmt: skip
MEDIA_TYPES = {".ogg": "audio/ogg", ".mp4": "video/mp4", ".m4a": "audio/mp4", ".md": "text/markdown"}
STAGES = {"screening": "Application Review", "interview": "Face to Face", "offer": "Offer", "hired": "Offer"}
PURPOSES = ("record", "ai_score", "share_erp", "export", "expression")


def seed(store: Store, size: int | None) -> None:
    """Jobs, candidates, applications, interviews, attachments and the definitions of custom fields."""
    start = today_ms() - 3 * DAY_MS
    with store.together():
        positions = company()["positions"]
        codes = sorted({code for position in positions.values() for code in position["competencies"]})
        for i, definition in enumerate(_definitions(codes)):
            _put(store, "custom_fields", FIRST["custom_fields"] + i, definition, start)
        for i, position in enumerate(positions.values()):
            _put(store, "jobs", FIRST["jobs"] + i, _job(i, position), start + i)
            _attributes(store, FIRST["jobs"] + i, position, start + i)
        jobs = {key: FIRST["jobs"] + i for i, key in enumerate(positions)}
        for i, person in enumerate(people(size)):
            _person(store, i, person, jobs[person.position], start + 1000 + i)


def stamp(millis: int) -> str:
    """The vendor's form of a time."""
    return (
        datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def _definitions(codes: list[str]) -> list[Json]:
    wanted = [
        ("job", "site", "short_text"),
        ("job", "report_language", "short_text"),
        ("job", "family", "short_text"),
    ]
    wanted += [("job", "keywords", "long_text"), ("job", "openings", "number")]
    wanted += [("job", f"competency_{code}", "number") for code in codes]
    wanted += [("candidate", f"consent_{purpose}", "date") for purpose in PURPOSES]
    wanted += [("candidate", "consent_notice", "short_text"), ("candidate", "shoe_size", "number")]
    wanted += [
        ("application", "employee_number", "short_text"),
        ("application", "trivet_reference", "short_text"),
    ]
    wanted += [("application", "trivet_report", "long_text"), ("application", "trivet_scored_on", "date")]
    wanted += [("application", f"trivet_score_{code}", "number") for code in codes]
    return [
        {"name": key.replace("_", " ").capitalize(), "name_key": key, "field_type": owner, "value_type": kind,
         "active": True, "private": False, "required": False, "api_only": False, "description": None}
        for owner, key, kind in wanted
    ]  # fmt: skip


def _job(i: int, position: Json) -> Json:
    custom = {
        "site": position["site"], "report_language": position["language"], "family": position["family"],
        "keywords": ", ".join(position["keywords"]), "openings": position["openings"],
        **{f"competency_{code}": level for code, level in position["competencies"].items()},
    }  # fmt: skip
    return {
        "name": position["title"], "requisition_id": f"J{i + 1:04d}", "status": "open", "confidential": False,
        "is_template": False, "notes": None, "department_id": 1_000 + i, "office_ids": [], "closed_at": None,
        "custom_fields": _custom(custom),
    }  # fmt: skip


def _custom(values: Json) -> Json:
    kinds = {"consent": "date", "competency": "number", "openings": "number", "keywords": "long_text"}
    return {
        key: {"name": key.replace("_", " ").capitalize(), "type": kinds.get(key.split("_")[0], "short_text"), "value": value}
        for key, value in values.items()
    }  # fmt: skip


def _person(store: Store, i: int, person: Person, job: int, at: int) -> None:
    candidate, application, interview = (FIRST[k] + i for k in ("candidates", "applications", "interviews"))
    store.put(
        "_key", person.key, {"candidate": candidate, "application": application, "interview": interview}
    )
    day = stamp(at - DAY_MS)[:10]
    consents: Json = {f"consent_{purpose}": day for purpose in person.consent}
    first, _, last = person.name.partition(" ")
    _put(store, "candidates", candidate, {
        "first_name": first, "last_name": last, "preferred_name": None, "company": None, "title": None,
        "email_addresses": [{"value": person.email, "type": "personal"}],
        "phone_numbers": [{"value": person.phone, "type": "mobile"}], "addresses": [], "tags": [], "private": False,
        "can_email": True, "last_activity_at": stamp(at),
        "custom_fields": _custom({**consents, "consent_notice": "2026-03", "shoe_size": 42}),
    }, at)  # fmt: skip
    hired = person.stage == "hired"
    _put(store, "applications", application, {
        "candidate_id": candidate, "job_id": job, "status": "hired" if hired else "in_process", "prospect": False,
        "stage_id": 100, "stage_name": STAGES.get(person.stage, "Face to Face"), "rejected_at": None, "answers": [],
        "last_activity_at": stamp(at),
        "custom_fields": _custom({"employee_number": person.employee_number} if person.employee_number else {}),
    }, at)  # fmt: skip
    _put(store, "interviews", interview, {
        "application_id": application, "job_id": job, "job_interview_id": 200, "status": "complete", "location": None,
        "starts_at": stamp(at - DAY_MS), "ends_at": stamp(at - DAY_MS + 1_800_000), "external_event_id": f"event-{i}",
        "organizer_id": 300, "video_conferencing_url": f"https://yunxiu.zoom.us/j/{85_000_000_000 + i}?pwd=x{i}",
    }, at)  # fmt: skip
    # the vendor makes one for every interviewer when the interview is arranged
    held = store.get("interviews", str(interview)) or {}
    scorecard(store, held, {"by": 300, "draft": True}, at)
    attach(
        store,
        application,
        candidate,
        f"interview-{interview}{suffix(person.recording)}",
        at,
        file=person.recording,
    )


def _attributes(store: Store, job: int, position: Json, at: int) -> None:
    """What interviewers of the position rate, by the name that people give it."""
    for code in [*position["competencies"], "handwriting"]:
        number = store.next_number("job_candidate_attributes", FIRST["job_candidate_attributes"])
        body = {"job_id": job, "name": code.replace("_", " ").capitalize(), "active": True, "sort_order": 0}
        _put(store, "job_candidate_attributes", number, body, at)


def scorecard(store: Store, interview: Json, spec: Json, at: int) -> Json:
    """An interviewer's scorecard of an interview, with a rating for each attribute of `ratings`; a draft has none yet."""
    kind, number = "scorecards", store.next_number("scorecards", FIRST["scorecards"])
    done = not spec.get("draft")
    card = _put(store, kind, number, {
        "application_id": interview["application_id"], "interview_kit_id": 400, "interviewer_id": spec["by"],
        "submitter_id": spec["by"] if done else None, "candidate_rating": spec.get("overall", "no_decision"),
        "status": "complete" if done else "draft", "interviewed_at": interview["starts_at"],
        "submitted_at": stamp(at) if done else None, "notes": spec.get("notes"), "private_notes": "not for everybody",
    }, at)  # fmt: skip
    number = store.next_number("interviewers", FIRST["interviewers"])
    seat = {"interview_id": interview["id"], "user_id": spec["by"], "scorecard_id": card["id"]}
    _put(store, "interviewers", number, {**seat, "response_status": "accepted"}, at)
    names = {
        body["name"]: body["id"]
        for body in store.owned("job_candidate_attributes", "job_id", interview["job_id"])
    }
    for name, rating in spec.get("ratings", {}).items():
        number = store.next_number("scorecard_candidate_attributes", FIRST["scorecard_candidate_attributes"])
        said = {"job_candidate_attribute_id": names[name], "candidate_attribute_rating": rating, "note": None}
        _put(store, "scorecard_candidate_attributes", number, {"scorecard_id": card["id"], **said}, at)
    return card


def suffix(file: str) -> str:
    """With the dot; empty where there is none."""
    return file[file.rfind(".") :] if "." in file else ""


def attach(
    store: Store, application: int, candidate: int | None, name: str, at: int, *, file: str | None = None,
    content: str | None = None, kind: str = "other", url: str | None = None,
) -> Json:  # fmt: skip
    """A file at an application: one of the world's, `content` in hexadecimal digits, or one that lies at `url`."""
    number = store.next_number("attachments", FIRST["attachments"])
    body = {"application_id": application, "candidate_id": candidate, "filename": name, "type": kind}
    return _put(store, "attachments", number, {**body, "_file": file, "_content": content, "_url": url}, at)


def content_of(attachment: Json) -> bytes:
    """The file's bytes."""
    if attachment.get("_content") is not None:
        return bytes.fromhex(attachment["_content"])
    return (RECORDINGS / str(attachment["_file"])).read_bytes()


def _put(store: Store, kind: str, number: int, body: dict[str, Any], at: int) -> Json:
    made = {"id": number, **body, "created_at": stamp(at), "updated_at": stamp(at)}
    store.put(kind, str(number), made, at)
    return made
