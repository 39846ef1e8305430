"""The Assessment Partner API as the partner speaks it: Greenhouse lists our tests, sends one, asks for its status, complains.

    GET  list_tests         what can be ordered
    POST send_test          an order; `url` is the address that is told of the result, the application stands in the query
                            of `greenhouse_profile_url` alone
    GET  test_status        what the order has come to
    POST response_error     Greenhouse could not read an answer of ours

The API key is the user of HTTP Basic, with no password. Of refusals the vendor's page knows 401 and 404; what it does with
another one it does not say. After grnhse/greenhouse-api-docs, source/includes/assessment (Change Log of 2025-01-10).
"""

import hmac
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from trivet.contract import Services, told_object
from trivet.errors import AuthFailed, Rejected
from trivet.model import Call, Document, PlaceOrder
from trivet.ordering import (
    Answer,
    Asked,
    AskStatus,
    Complain,
    ListPackages,
    Noted,
    Offered,
    Placed,
    Refused,
    Said,
    Standing,
    presented_key,
)

from .config import GreenhouseAssessmentsConfig

NAME = "greenhouse_assessments"
RESULT = ("partner_profile_url", "partner_score", "metadata")
_CANDIDATE = {
    "given_name": "first_name", "family_name": "last_name", "preferred_name": "preferred_name", "email": "email",
    "phone": "phone_number", "resume_url": "resume_url", "profile_url": "greenhouse_profile_url",
}  # fmt: skip
_PERSON = re.compile(r"/people/(\d+)$")
_STATUS = {
    "unauthorised": 401, "malformed": 400, "unknown_call": 404, "unknown_package": 404, "unknown_order": 404,
}  # fmt: skip
_WORDS = {
    "unauthorised": "the API key is not valid", "malformed": "the request cannot be read",
    "unknown_call": "there is no such call", "unknown_package": "partner_test_id is not known",
    "unknown_order": "partner_interview_id is not known",
}  # fmt: skip


class GreenhouseAssessments:
    """See `trivet.contract.Assessments`."""

    def __init__(self, config: GreenhouseAssessmentsConfig) -> None:
        self.config = config

    def hear(self, call: Call) -> Asked:
        """See `Assessments`."""
        if not hmac.compare_digest(
            presented_key(call.headers), self.config.api_key.get_secret_value().encode()
        ):
            raise AuthFailed(
                "the caller's API key is another", connector=NAME, operation="hear", vendor_code="API_KEY",
                cure="give Greenhouse the key that stands in the connection",
            )  # fmt: skip
        match call.method, call.path.strip("/"):
            case "GET", "list_tests":
                return ListPackages()
            case "POST", "send_test":
                return self._order(told_object(call.body, _unread))
            case "GET", "test_status":
                return AskStatus(_required(call.query.get("partner_interview_id"), "partner_interview_id"))
            case "POST", "response_error":
                return _complaint(told_object(call.body, _unread))
        raise _unread("no such call", "CALL_UNKNOWN")

    def say(self, answer: Answer) -> Said:
        """See `Assessments`."""
        match answer:
            case Offered():
                named = [(p.id, p.name(self.config.language)) for p in answer.packages]
                return Said(200, [{"partner_test_id": i, "partner_test_name": name} for i, name in named])
            case Placed():
                return Said(200, {"partner_interview_id": answer.order})
            case Standing(result=dict() as result):
                told = {name: result[name] for name in RESULT if result.get(name) is not None}
                return Said(200, {"partner_status": "complete", **told})
            case Standing():
                return Said(200, {"partner_status": answer.status})
            case Noted():
                return Said(200, {"status": 200})
            case Refused():
                proof = {"WWW-Authenticate": "Basic"} if answer.why == "unauthorised" else {}
                return Said(_STATUS[answer.why], {"errors": [_WORDS[answer.why]]}, proof)

    def _order(self, said: Document) -> PlaceOrder:
        candidate, callback = said.get("candidate"), _required(said.get("url"), "url")
        if not isinstance(candidate, dict):
            raise _unread("the order names no candidate")
        if self.config.callback(callback) is None:
            raise _unread("`url` leads to an address that is not among `callback_origins`", "CALLBACK_ORIGIN")
        document = {
            "package_id": _required(said.get("partner_test_id"), "partner_test_id"),
            "candidate": _texts({ours: candidate.get(theirs) for ours, theirs in _CANDIDATE.items()}),
            "references": _references(candidate.get("greenhouse_profile_url")),
            "callback": callback,
            **_texts({"requested_by": said.get("sent_by")}),
        }
        return PlaceOrder(callback, document)


def _references(profile: Any) -> dict[str, str]:
    """Streams and ids that the profile's address names; an address of another form names nothing."""
    try:
        parts = urlsplit(profile if isinstance(profile, str) else "")
    except ValueError:
        return {}
    application = parse_qs(parts.query).get("application_id", [""])[-1]
    person = _PERSON.search(parts.path)
    found = {"applications": application, "candidates": person[1] if person else ""}
    return {stream: name for stream, name in found.items() if name.isdecimal()}


def _complaint(said: Document) -> Complain:
    errors = said.get("errors")
    texts = tuple(str(error) for error in errors) if isinstance(errors, list) else ()
    order = said.get("partner_interview_id")
    return Complain(str(said.get("api_call")), texts, str(order) if order else None)


def _texts(said: Document) -> Document:
    """Those that are there, as text."""
    for name, value in said.items():
        if value is not None and (not isinstance(value, str | int) or isinstance(value, bool)):
            raise _unread(f"`{name}` is no text")
    return {name: str(value) for name, value in said.items() if value not in (None, "")}


def _required(value: Any, name: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        raise _unread(f"`{name}` is missing")
    return value


@contextmanager
def open_assessments(
    config: GreenhouseAssessmentsConfig,
    services: Services,  # noqa: ARG001
) -> Iterator[GreenhouseAssessments]:
    """The dialect."""
    yield GreenhouseAssessments(config)


def _unread(why: str, code: str = "ORDER_MALFORMED") -> Rejected:
    return Rejected(why, connector=NAME, operation="hear", vendor_code=code)
