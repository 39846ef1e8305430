"""Written tests: the provider's papers, exams that a recruiter arranges, what the provider says of them.

After open.feishu.cn, hire-v1/eco_exam and eco_exam_paper: the last list of papers counts; a result may be sent again and takes
the earlier one's place, until the recruiter has marked the exam (the code of that refusal is our assumption).
"""

from ..server import Answer, Request
from ..store import Json, Store

ACCOUNT = "7147998241542539527"
FIRST = 7_178_536_692_385_679_677
EVENT = "hire.eco_exam.created_v1"
BAD_PARAM, NOT_FOUND, MARKED = 1002001, 1002002, 1002903
Refusal = tuple[int, str]


def order(store: Store, ids: Json, package: str) -> tuple[Json, Json]:
    """An exam that a recruiter arranges, and the event that tells the provider."""
    if store.get("paper", package) is None:
        raise ValueError(f"the provider has registered no paper {package}")
    exam = str(store.next_number("exam", FIRST))
    talent = store.get("talent", ids["talent"]) or {}
    basic = talent["basic_info"]
    body = {
        "exam_id": exam, "account_id": ACCOUNT, "paper_id": package, "talent_id": ids["talent"],
        "application_id": ids["application"], "job_info": {"department": None, "addresses": []},
        "candidate_info": {
            "name": basic["name"], "email": basic["email"],
            "mobile": {"code": basic["mobile_country_code"] or "+86", "number": basic["mobile"]},
        },
    }  # fmt: skip
    store.put("exam", exam, {"id": exam, "application_id": ids["application"], "paper_id": package,
                             "status": "arranging", "login": None, "result": None})  # fmt: skip
    return {"ok": True, "exam": exam}, body


def mark(store: Store, exam: str) -> Json:
    """The recruiter has marked the exam."""
    body = store.get("exam", exam) or {}
    store.put("exam", exam, body | {"status": "marked"})
    return {"ok": True}


def papers(store: Store, request: Request) -> Refusal | None:
    """The whole list."""
    said = request.json()
    listed = said.get("paper_list")
    if said.get("account_id") != ACCOUNT:
        return NOT_FOUND, "account not exist"
    if not isinstance(listed, list) or not all(_words(paper, "id", "name") for paper in listed):
        return BAD_PARAM, "invalid paper_list"
    with store.together():
        for key, _ in store.all("paper"):
            store.delete("paper", key)
        for paper in listed:
            store.put("paper", paper["id"][:255], {"id": paper["id"][:255], "name": paper["name"][:255]})
    return None


def login(store: Store, request: Request) -> Refusal | None:
    """How the candidate gets to the exam, or why the provider could not arrange it."""
    exam, said = store.get("exam", request.params["id"]), request.json()
    if exam is None:
        return NOT_FOUND, "exam not exist"
    if not _words(said.get("exam_login_info"), "exam_url"):
        return BAD_PARAM, "exam_login_info.exam_url is required"
    failed = bool(said.get("result"))
    if exam["status"] in ("arranging", "arranged", "failed"):
        exam["status"] = "failed" if failed else "arranged"
    store.put("exam", exam["id"], exam | {"login": said["exam_login_info"]})
    return None


def result(store: Store, request: Request) -> Refusal | None:
    """What the candidate reached."""
    exam, said = store.get("exam", request.params["id"]), request.json()
    if exam is None:
        return NOT_FOUND, "exam not exist"
    if exam["status"] == "marked":
        return MARKED, "exam has been marked"
    reports, details = said.get("report_list") or [], said.get("detail_list") or []
    fine = (
        _words(said, "result")
        and all(_words(report, "name", "url") for report in reports)
        and all(_words(detail, "name", "result") for detail in details)
        and str(said.get("result_time", "0")).isdecimal()
    )
    if not fine:
        return BAD_PARAM, "invalid params"
    store.put("exam", exam["id"], exam | {"status": "answered", "result": said})
    return None


def answer(refusal: Refusal | None) -> Answer:
    """The envelope."""
    code, message = refusal or (0, "success")
    return Answer({"code": code, "msg": message, "data": {}} if not code else {"code": code, "msg": message})


def _words(said: object, *names: str) -> bool:
    return isinstance(said, dict) and all(isinstance(said.get(name), str) and said[name] for name in names)
