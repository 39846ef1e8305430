"""The assessments framework as the partner speaks it: Ashby lists what we offer, starts an assessment, cancels it.

    assessment.list      {} → {success, results [{assessment_type_id, name, description}]}
    assessment.start     {assessment_type_id, candidate {ashby_id, first_name, last_name, email, ashby_profile_url},
                         application {ashby_id, …}, job {ashby_id, name, …}} → {success, results {assessment_id}}
    assessment.cancel    {assessment_id} → {success, results {assessment_id}}

Ashby gives a start no name: the same type for the same application is the same order until that one is over. After the guide
"Creating an Assessments Integration" of developers.ashbyhq.com, which shows no bodies of these three; they are as two public
partners read and write them (the one with the key as user of HTTP Basic, which the guide does not say either).
"""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trivet.contract import Services, told_object
from trivet.errors import AuthFailed, Rejected
from trivet.model import Call, Document, PlaceOrder
from trivet.ordering import (
    Answer,
    Asked,
    CancelOrder,
    ListPackages,
    Offered,
    Placed,
    Refused,
    Said,
    Standing,
    presented_key,
)

from .config import AshbyAssessmentsConfig

NAME = "ashby_assessments"
_CANDIDATE = {
    "given_name": "first_name", "family_name": "last_name", "email": "email", "profile_url": "ashby_profile_url",
}  # fmt: skip
_STREAMS = {"applications": "application", "candidates": "candidate", "jobs": "job"}
_STATUS = {
    "unauthorised": 401, "malformed": 400, "unknown_call": 404, "unknown_package": 422, "unknown_order": 404,
}  # fmt: skip
_WORDS = {
    "unauthorised": "the API key is not valid", "malformed": "the request cannot be read",
    "unknown_call": "there is no such method", "unknown_package": "assessment_type_id is not known",
    "unknown_order": "assessment_id is not known",
}  # fmt: skip


class AshbyAssessments:
    """See `trivet.contract.Assessments`."""

    def __init__(self, config: AshbyAssessmentsConfig) -> None:
        self.config = config

    def hear(self, call: Call) -> Asked:
        """See `Assessments`."""
        key = self.config.partner_key.get_secret_value().encode()
        if not hmac.compare_digest(presented_key(call.headers), key):
            raise AuthFailed(
                "the caller's API key is another", connector=NAME, operation="hear", vendor_code="API_KEY",
                cure="give Ashby the `partner_key` of the connection",
            )  # fmt: skip
        match call.method, call.path.strip("/"):
            case "POST", "assessment.list":
                return ListPackages()
            case "POST", "assessment.start":
                return _order(told_object(call.body, _unread))
            case "POST", "assessment.cancel":
                return CancelOrder(_required(told_object(call.body, _unread), "assessment_id"))
        raise _unread("no such method", "CALL_UNKNOWN")

    def say(self, answer: Answer) -> Said:
        """See `Assessments`."""
        match answer:
            case Offered():
                named = [(p.id, p.name(self.config.language)) for p in answer.packages]
                return _fine([{"assessment_type_id": i, "name": n, "description": n} for i, n in named])
            case Placed() | Standing():
                return _fine({"assessment_id": answer.order})
            case Refused():
                words = _WORDS[answer.why]
                return Said(_STATUS[answer.why], {"success": False, "errors": [words], "message": words})
        return _fine({})


def _order(said: Document) -> PlaceOrder:
    kind = _required(said, "assessment_type_id")
    parts = {name: part if isinstance(part := said.get(name), dict) else {} for name in _STREAMS.values()}
    references = _texts({stream: parts[name].get("ashby_id") for stream, name in _STREAMS.items()})
    candidate = _texts({ours: parts["candidate"].get(theirs) for ours, theirs in _CANDIDATE.items()})
    whom = references.get("applications") or candidate.get("email")
    if whom is None:
        raise _unread("the order names neither an application nor an address")
    document = {"package_id": kind, "candidate": candidate, "references": references}
    return PlaceOrder(f"{kind}|{whom}", document, anew=True)


def _fine(results: Any) -> Said:
    return Said(200, {"success": True, "results": results})


def _texts(said: Document) -> dict[str, str]:
    """Those that are there, as text."""
    for name, value in said.items():
        if value is not None and not isinstance(value, str):
            raise _unread(f"`{name}` is no text")
    return {name: value for name, value in said.items() if value}


def _required(said: Document, name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value:
        raise _unread(f"`{name}` is missing")
    return value


@contextmanager
def open_assessments(config: AshbyAssessmentsConfig, services: Services) -> Iterator[AshbyAssessments]:  # noqa: ARG001
    """The dialect."""
    yield AshbyAssessments(config)


def _unread(why: str, code: str = "ORDER_MALFORMED") -> Rejected:
    return Rejected(why, connector=NAME, operation="hear", vendor_code=code)
