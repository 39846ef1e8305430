"""The demo company in Lever's own objects: a contact is a person, an opportunity the person's way to one posting.

Lever has no field of one's own at a posting, a contact or an opportunity: what the company adds are tags of the form
`name=value`. A recording is a file of the opportunity whose name begins with `interview-<id>`.
"""

import uuid
from datetime import UTC, datetime
from typing import Any

from ..company import DAY_MS, RECORDINGS, Person, company, people, today_ms
from ..store import Json, Store

_NAMESPACE = uuid.UUID("5d14b167-04af-404f-bd35-b3028d3b3f67")
STAGES = ("New applicant", "Phone Interview", "On-Site Interview", "Offer")
REASONS = {
    "Hired": "hired", "Underqualified": "non-hired", "Withdrew": "non-hired", "Position filled": "non-hired",
}  # fmt: skip
MEDIA_TYPES = {
    ".ogg": "audio/ogg", ".mp4": "video/mp4", ".m4a": "audio/mp4", ".md": "text/markdown", ".txt": "text/plain",
}  # fmt: skip
_AT = {"screening": "New applicant", "interview": "On-Site Interview", "offer": "Offer", "hired": "Offer"}


def uid(kind: str, name: object) -> str:
    """The same id for the same thing in every sandbox."""
    return str(uuid.uuid5(_NAMESPACE, f"{kind}/{name}"))


RECRUITER, LEFT = uid("user", "recruiter"), uid("user", "left")
HIRED, REJECTED = uid("reason", "Hired"), uid("reason", "Underqualified")


def seed(store: Store, size: int | None) -> None:
    """Users, stages, archive reasons, postings, and everybody's contact, opportunity, interview and files."""
    start = today_ms() - 3 * DAY_MS
    with store.together():
        for key, name, gone in ((RECRUITER, "Rachel Green", None), (LEFT, "Joey Left", start)):
            user = {"id": key, "name": name, "username": name.split()[0].lower(), "accessRole": "super admin"}
            store.put("users", key, {**user, "createdAt": start, "deactivatedAt": gone}, start)
        for text in STAGES:
            store.put("stages", uid("stage", text), {"id": uid("stage", text), "text": text}, start)
        for text, kind in REASONS.items():
            body = {"id": uid("reason", text), "text": text, "type": kind}
            status = "inactive" if text == "Position filled" else "active"
            store.put("archive_reasons", body["id"], {**body, "status": status}, start)
        for i, (key, position) in enumerate(company()["positions"].items()):
            store.put("postings", uid("posting", key), _posting(key, position, start + i), start + i)
        for i, person in enumerate(people(size)):
            _person(store, person, start + 1000 + i)


def _posting(key: str, position: Json, at: int) -> Json:
    fields = {
        "site": position["site"], "report_language": position["language"], "family": position["family"],
        "openings": position["openings"],
        **{f"competency_{code}": level for code, level in position["competencies"].items()},
    }  # fmt: skip
    tags = [f"{name}={value}" for name, value in fields.items()]
    team = position["department"]["name"]
    return {
        "id": uid("posting", key), "text": position["title"], "createdAt": at, "updatedAt": at, "user": RECRUITER,
        "owner": RECRUITER, "hiringManager": RECRUITER, "confidentiality": "non-confidential", "state": "published",
        "categories": {"team": team, "department": team, "location": position["site"], "commitment": "Full-time"},
        "content": {"description": position["title"], "descriptionHtml": "", "lists": [], "closing": ""},
        "country": None, "tags": ["full time", *tags, *(f"keyword={word}" for word in position["keywords"])],
        "distributionChannels": ["internal", "public"], "reqCode": None, "requisitionCodes": [],
        "workplaceType": "onsite",
    }  # fmt: skip


def _person(store: Store, person: Person, at: int) -> None:
    ids = {kind: uid(kind, person.key) for kind in ("contact", "opportunity", "application", "interview")}
    posting, hired = uid("posting", person.position), person.stage == "hired"
    store.put("_key", person.key, {**ids, "posting": posting})
    store.put("contacts", ids["contact"], {
        "id": ids["contact"], "name": person.name, "headline": "", "isAnonymized": False, "location": None,
        "emails": [person.email], "phones": [{"type": "mobile", "value": person.phone}],
    }, at)  # fmt: skip
    archived = {"reason": HIRED, "archivedAt": at} if hired else None
    store.put("applications", ids["application"], {
        "id": ids["application"], "opportunityId": ids["opportunity"], "candidateId": ids["opportunity"], "createdAt": at,
        "type": "posting", "posting": posting, "postingOwner": RECRUITER, "postingHiringManager": RECRUITER, "user": None,
        "name": person.name, "email": person.email, "phone": {"type": None, "value": person.phone}, "company": None,
        "links": None, "comments": None, "customQuestions": [], "archived": archived, "requisitionForHire": None,
    }, at)  # fmt: skip
    store.put("opportunities", ids["opportunity"], _opportunity(person, ids, archived, at), at)
    panel = uid("panel", person.key)
    store.put("panels", panel, {
        "id": panel, "applications": [ids["application"]], "canceledAt": None, "createdAt": at,
        "externallyManaged": True, "externalUrl": None, "note": "", "stage": uid("stage", "On-Site Interview"),
        "start": at - DAY_MS, "end": at - DAY_MS + 1_800_000, "timezone": "Asia/Shanghai", "user": RECRUITER,
        "_opportunity": ids["opportunity"],
    }, at)  # fmt: skip
    store.put("interviews", ids["interview"], {
        "id": ids["interview"], "panel": panel, "subject": "On-site interview", "note": "",
        "interviewers": [{"id": RECRUITER, "name": "Rachel Green", "email": "rachel@yunxiu.example"}],
        "timezone": "Asia/Shanghai", "createdAt": at, "date": at - DAY_MS, "duration": 30, "location": "",
        "feedbackTemplate": None, "feedbackForms": [], "feedbackReminder": "once", "user": RECRUITER,
        "stage": uid("stage", "On-Site Interview"), "canceledAt": None, "postings": [posting],
        "_opportunity": ids["opportunity"],
    }, at)  # fmt: skip
    attach(store, ids["opportunity"], "cover-letter.txt", at, content=b"I like to work.".hex())
    attach(
        store,
        ids["opportunity"],
        recording_name(ids["interview"], person.recording),
        at,
        file=person.recording,
    )
    resume: Json = {"id": uid("resume", person.key), "createdAt": at, "parsedData": None, "file": None}
    store.put("resumes", resume["id"], {**resume, "_opportunity": ids["opportunity"]}, at)


def _opportunity(person: Person, ids: Json, archived: Json | None, at: int) -> Json:
    day = datetime.fromtimestamp((at - DAY_MS) / 1000, UTC).date().isoformat()
    tags = [f"consent_{purpose}={day}" for purpose in person.consent]
    tags += ["consent_notice=2026-03", "likes tea"]
    if person.employee_number:
        tags.append(f"employee_number={person.employee_number}")
    stage = uid("stage", _AT.get(person.stage, "On-Site Interview"))
    return {
        "id": ids["opportunity"], "contact": ids["contact"], "stage": stage, "confidentiality": "non-confidential",
        "stageChanges": [{"toStageId": stage, "toStageIndex": 1, "userId": RECRUITER, "updatedAt": at}], "links": [],
        "archived": archived, "tags": tags, "sources": ["Job site"], "sourcedBy": None, "origin": "applied",
        "owner": RECRUITER, "followers": [RECRUITER], "applications": [ids["application"]], "createdAt": at,
        "updatedAt": at, "lastInteractionAt": at, "lastAdvancedAt": at, "snoozedUntil": None, "dataProtection": None,
        "opportunityLocation": "unspecified",
    }  # fmt: skip


def recording_name(interview: str, file: str) -> str:
    """The name by which a file says which interview it is of."""
    return f"interview-{interview}{suffix(file)}"


def suffix(file: str) -> str:
    """With the dot; empty where there is none."""
    return file[file.rfind(".") :] if "." in file else ""


def attach(
    store: Store, opportunity: str, name: str, at: int, *, file: str | None = None, content: str | None = None
) -> Json:
    """A file at an opportunity: one of the world's, or `content` in hexadecimal digits."""
    key = uid("file", f"{opportunity}/{name}/{store.next_number('files', 1)}")
    size = len(content) // 2 if content is not None else (RECORDINGS / str(file)).stat().st_size
    # the time comes as text, as the vendor's own examples have it
    body: dict[str, Any] = {
        "id": key, "ext": suffix(name), "name": name, "uploadedAt": str(at), "status": "processed", "size": size,
        "_opportunity": opportunity, "_file": file, "_content": content,
    }  # fmt: skip
    store.put("files", key, body, at)
    return body


def content_of(file: Json) -> bytes:
    """The file's bytes."""
    if file.get("_content") is not None:
        return bytes.fromhex(file["_content"])
    return (RECORDINGS / str(file["_file"])).read_bytes()
