"""The demo company in Feishu Hire's own objects."""

from typing import Any

from ..company import DAY_MS, RECORDINGS, Person, company, people, today_ms
from ..store import Store

Json = dict[str, Any]
STAGES = {  # key: (id, zh, en, stage type of the vendor's page: 1 screening, 4 interview, 5 offer, 7 on board)
    "screening": ("6960100000000000001", "简历筛选", "Screening", 1),
    "interview": ("6960100000000000002", "面试", "Interview", 4),
    "offer": ("6960100000000000003", "Offer 沟通", "Offer", 5),
    "hired": ("6960100000000000004", "已入职", "Onboarded", 7),
}
REJECTED_BY_US, REJECTED_BY_CANDIDATE = 1, 22
MEDIA_TYPES = {".ogg": "audio/ogg", ".mp4": "video/mp4", ".m4a": "audio/mp4"}


def seed(store: Store, size: int | None) -> None:
    """Jobs, talents, applications, interviews, employees and files of the company."""
    start = today_ms() - 3 * DAY_MS
    with store.together():
        for i, (key, position) in enumerate(company()["positions"].items()):
            store.put("job", job_id(key), _job(i, key, position, start), start + i)
        for i, person in enumerate(people(size)):
            _person(store, i, person, start)


def job_id(key: str) -> str:
    """The vendor's id of a position."""
    return f"69601{list(company()['positions']).index(key):014d}"


def _job(i: int, key: str, position: Json, at: int) -> Json:
    custom = [_text("site", "站点", "Site", position["site"])]
    custom.append(_text("report_language", "报告语言", "Report language", position["language"]))
    custom.append(_text("keywords", "关键词", "Keywords", ", ".join(position["keywords"])))
    for name, level in position["competencies"].items():
        custom.append(
            {
                "object_id": f"competency_{name}",
                "name": {"zh_cn": name, "en_us": name},
                "object_type": 5,
                "value": {"number": str(level)},
            }
        )
    return {
        "id": job_id(key),
        "title": position["title"],
        "code": f"J{i + 1:04d}",
        "description": "",
        "requirement": "",
        "department": {
            "id": position["department"]["code"],
            "zh_name": position["department"]["name"],
            "en_name": position["department"]["name"],
        },
        "job_category": {
            "id": f"69602{i:014d}",
            "zh_name": position["family"],
            "en_name": position["family"],
            "active_status": 1,
        },
        "active_status": 1,
        "head_count": position["openings"],
        "customized_data_list": custom,
        "create_timestamp": str(at),
        "update_timestamp": str(at + i),
    }


def _text(object_id: str, zh: str, en: str, content: str) -> Json:
    return {
        "object_id": object_id,
        "name": {"zh_cn": zh, "en_us": en},
        "object_type": 1,
        "value": {"content": content},
    }


def _person(store: Store, i: int, person: Person, start: int) -> None:
    at = start + 1000 + i
    talent, application = f"69301{i:014d}", f"69401{i:014d}"
    store.put("talent", talent, _talent(talent, person, at), at)
    store.put("key", person.key, {"talent": talent, "application": application})
    body: Json = {
        "id": application,
        "job_id": job_id(person.position),
        "talent_id": talent,
        "active_status": 1,
        "delivery_type": 1,
        "stage": stage(person.stage if person.stage in STAGES else "interview"),
        "create_time": str(at),
        "modify_time": str(at),
        "termination_type": 0,
    }
    store.put("application", application, body, at)
    if person.employee_number:
        put_employee(store, application, person.employee_number)
    put_interview(store, application, person.recording, at, start + DAY_MS)


def consent(purpose: str, at: int) -> Json:
    """A field of the group `consent`: when the person agreed to that purpose."""
    return {
        "object_id": f"consent_{purpose}",
        "name": {"zh_cn": purpose, "en_us": purpose},
        "object_type": 6,
        "value": {"time": str(at)},
    }


def _talent(talent: str, person: Person, at: int) -> Json:
    consents = [consent(purpose, at - DAY_MS) for purpose in person.consent]
    consents.append(_text("consent_notice", "告知书版本", "Notice version", "2026-03"))
    return {
        "id": talent,
        "is_onboarded": person.stage == "hired",
        "is_in_agency_period": False,
        "basic_info": {
            "name": person.name,
            "email": person.email,
            "mobile": person.phone,
            "mobile_country_code": "",
            "modify_time": str(at),
        },
        "customized_data_list": [
            {
                "object_id": "consent",
                "name": {"zh_cn": "授权同意", "en_us": "Consent"},
                "object_type": 1,
                "children": consents,
            }
        ],
        "resume_attachment_id_list": [],
        "education_list": [],
        "career_list": [],
    }


def stage(key: str) -> Json:
    """The vendor's stage object."""
    name, zh, en, kind = STAGES[key]
    return {"id": name, "zh_name": zh, "en_name": en, "type": kind}


def put_employee(store: Store, application: str, number: str) -> None:
    """The on-boarding record; `external_employment_id` is the number by which the ERP knows the person."""
    body = {
        "id": "7" + application[1:],
        "application_id": application,
        "onboard_status": 1,
        "external_employment_id": number,
    }
    store.put("employee", application, body)


def put_interview(
    store: Store, application: str, file: str, at: int, begin: int, content: str | None = None
) -> None:
    """One finished interview with one file; a new call replaces the file by a later one."""
    interview = "6950" + application[4:]
    number = store.next_number(f"file of {interview}", 1)
    attachment = f"{interview}{number:03d}"
    media_type = MEDIA_TYPES.get(file[file.rfind(".") :], "application/octet-stream")
    # the clock of the record, not of the file system: equal seeds give equal states
    entry = {"id": attachment, "name": file, "mime": media_type, "create_time": str(at + number)}
    store.put("attachment", attachment, {**entry, "_content": content})
    judged = (store.get("interview", interview) or {}).get("interview_record_list", [])[1:]
    record = {
        "id": f"{interview}9",
        "user_id": "ou_interviewer",
        "commit_status": 1,
        "content": "",
        "image_list": [entry],
    }
    body = {
        "id": interview,
        "application_id": application,
        "begin_time": begin,
        "end_time": begin + 1_800_000,
        "round": 1,
        "stage_id": STAGES["interview"][0],
        "biz_create_time": str(begin),
        "biz_modify_time": str(at + number),
        "interview_record_list": [record, *judged],
    }
    store.put("interview", interview, body, begin)


def judge(store: Store, application: str, spec: Json, at: int) -> None:
    """An interviewer `by` fills in the evaluation form, each dimension out of `of`; her earlier one is replaced.

    The parts of a record are those that the vendor's page of `GET /hire/v1/interviews` and its SDK (lark-oapi 1.7.5) name.
    """
    interview = "6950" + application[4:]
    body = store.get("interview", interview) or {}
    first, *others = body["interview_record_list"]
    by, full = spec["by"], spec.get("of", 10)
    mine = next((r for r in others if r["user_id"] == by), None)
    record = {
        "id": mine["id"] if mine else f"{interview}{len(others) + 1:03d}8",
        "user_id": by,
        "interviewer": {"id": by, "name": {"zh_cn": "李娜", "en_us": "Li Na"}},
        "commit_status": 2 if spec.get("draft") else 1,
        "content": spec.get("content", ""),
        "feedback_submit_time": str(at),
        "image_list": [],
        "dimension_assessment_list": [
            {
                "id": f"{interview}{i:03d}7",
                "name": {"zh_cn": name, "en_us": name},
                "full_score": full,
                "dimension_custom_score": score,
            }
            for i, (name, score) in enumerate(spec["scores"].items())
        ],
    }
    body["interview_record_list"] = [first, *(r for r in others if r is not mine), record]
    body["biz_modify_time"] = str(at)
    store.put("interview", interview, body, body["begin_time"])


def content_of(attachment: Json) -> bytes:
    """The file's bytes."""
    if attachment.get("_content") is not None:
        return bytes.fromhex(attachment["_content"])
    return (RECORDINGS / str(attachment["name"])).read_bytes()
