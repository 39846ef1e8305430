"""Greenhouse as the customer of an assessment partner: lists its tests, sends one, asks for its status, complains.

After grnhse/greenhouse-api-docs, source/includes/assessment. What the partner answers is judged as that page describes it; what
cannot be read is reported to `response_error`.
"""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from ..server import Answer, Request
from ..store import Json, Store

KEY = "gh-sandbox-assessment-key"
KIND = "take_home_tests"
PATH = "/integrations/testing_partners/take_home_tests"
FIRST = 12_345
Reached = tuple[int, Any]


def proof() -> str:
    """The key as both sides present it."""
    return "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()


def call(partner: str, what: str, body: Json | None = None, **query: str) -> Reached:
    """Status and JSON of the partner's answer; 0 where there is none."""
    url = f"{partner.rstrip('/')}/{what}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
    data = json.dumps(body).encode() if body is not None else None
    headers = {"Authorization": proof(), "Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, None
    except (urllib.error.URLError, OSError, ValueError):
        return 0, None


def order(
    store: Store, base_url: str, partner: str, ids: Json, package: str, again: int | None = None
) -> Json:
    """A recruiter chooses a test from the partner's list and sends it; `again` sends an earlier one once more."""
    status, tests = call(partner, "list_tests")
    wrong = _wrong_list(tests) if status == 200 else []
    if wrong:
        call(partner, "response_error", {"api_call": "list_tests", "errors": wrong})
    if status != 200 or wrong:
        return {"ok": False, "list_tests": status}
    offered = {test["partner_test_id"]: test["partner_test_name"] for test in tests}
    number = again or store.next_number(KIND, FIRST)
    body = {
        "partner_test_id": package,
        "candidate": _candidate(store, ids),
        "sent_by": "recruiter@yunxiu.example",
        "url": f"{base_url}{PATH}/{number}",
    }
    status, said = call(partner, "send_test", body)
    told = said.get("partner_interview_id") if isinstance(said, dict) else None
    if status == 200 and not isinstance(told, str):
        errors = ["partner_interview_id is missing"]
        call(
            partner, "response_error", {"api_call": "send_test", "errors": errors, "partner_test_id": package}
        )
    sent = status == 200 and isinstance(told, str)
    test = {
        "id": number, "application_id": ids["application"], "candidate_id": ids["candidate"], "partner_test_id": package,
        "partner_test_name": offered.get(package), "partner_interview_id": told, "status": "sent" if sent else "failed",
        "result": None, "_partner": partner,
    }  # fmt: skip
    store.put(KIND, str(number), test)
    return {"ok": sent, "send_test": status, "test": number, "offered": offered, "partner_interview_id": told}


def completed(store: Store, request: Request) -> Answer:
    """The partner says that there is news: the status is asked for, and the partner hears the status line only."""
    if request.headers.get("Authorization") != proof():
        return Answer(None, 401)
    test = store.get(KIND, request.params["id"])
    application = store.get("applications", str(test["application_id"])) if test else None
    # assumed: "only active, unhired candidates" are told apart by 404
    if test is None or application is None or application["status"] != "in_process":
        return Answer(None, 404)
    ask(store, test)
    return Answer(None, 200)


def ask(store: Store, test: Json) -> None:
    """Asks for the status of a test and keeps what can be read."""
    number = test["partner_interview_id"]
    status, said = call(test["_partner"], "test_status", partner_interview_id=number)
    if status != 200:
        return
    wrong = _wrong_status(said)
    if wrong:
        email = _candidate(store, {"candidate": test["candidate_id"], "application": test["application_id"]})[
            "email"
        ]
        body = {"api_call": "test_status", "errors": wrong, "partner_test_id": test["partner_test_id"],
                "partner_interview_id": number, "candidate_email": email}  # fmt: skip
        call(test["_partner"], "response_error", body)
        return
    if said["partner_status"] == "complete":
        test |= {"status": "complete", "result": said}
    store.put(KIND, str(test["id"]), test)


def _candidate(store: Store, ids: Json) -> Json:
    person = store.get("candidates", str(ids["candidate"])) or {}
    email, phone = (
        (person.get(name) or [{}])[0].get("value") for name in ("email_addresses", "phone_numbers")
    )
    profile = f"https://app.greenhouse.io/people/{ids['candidate']}?application_id={ids['application']}"
    return {
        "first_name": person.get("first_name"), "last_name": person.get("last_name"),
        "preferred_name": person.get("preferred_name"), "resume_url": None, "phone_number": phone, "email": email,
        "greenhouse_profile_url": profile,
    }  # fmt: skip


def _wrong_list(tests: Any) -> list[str]:
    if not isinstance(tests, list):
        return ["the answer is not a list"]
    names = ("partner_test_id", "partner_test_name")
    fine = all(isinstance(t, dict) and all(isinstance(t.get(n), str) and t[n] for n in names) for t in tests)
    return [] if fine else ["a test without partner_test_id or partner_test_name"]


def _wrong_status(said: Any) -> list[str]:
    if not isinstance(said, dict) or not isinstance(said.get("partner_status"), str):
        return ["partner_status is missing"]
    wrong = []
    if said["partner_status"] == "complete" and not isinstance(said.get("partner_profile_url"), str):
        wrong.append("partner_status is 'complete' but partner_profile_url is missing")
    score, metadata = said.get("partner_score"), said.get("metadata", {})
    if score is not None and (isinstance(score, bool) or not isinstance(score, int | float)):
        wrong.append("partner_score is not a number")
    if not isinstance(metadata, dict) or any(isinstance(value, dict | list) for value in metadata.values()):
        wrong.append("metadata is not a flat object")
    return wrong
