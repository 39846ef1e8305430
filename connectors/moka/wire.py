"""Moka on the wire: the key as a login without a password, two success codes, and HTTP 500 for three things.

HTTP 500, msg on 认证 or apiKey     the key is wrong (probed without a key, 2026-09)
HTTP 500, the vendor's envelope     first page of a list: nobody is there, provided that another read goes well;
                                    anywhere else the call is refused
HTTP 500 otherwise                  the server is in trouble
"""

import base64
from collections.abc import Mapping
from typing import Any

from trivet.contract import Services
from trivet.errors import Rejected, Retryable
from trivet.http import HttpClient, Reply
from trivet.model import Document

from .config import MokaConfig

NAME = "moka"
PREFIX = "/api-platform"
SUCCESS = (0, 200)
_LOCKED = ("认证", "apiKey")
_SHORT = 4000
"""A refusal is looked for in answers up to this many bytes."""


class Wire:
    """One organisation's client."""

    def __init__(self, config: MokaConfig, services: Services) -> None:
        self.config = config
        self.http = HttpClient(
            NAME,
            config.base_url.rstrip("/"),
            services,
            authenticate=self._login,
            network=config,
            auth_failed=_is_locked,
            speaks=lambda reply: bool(_envelope(reply)),
        )

    def applications(self, operation: str, query: Document) -> tuple[list[Document], str | None] | None:
        """A page of applications and what leads to the next; None where the vendor says in its own way that nobody is there."""
        reply = self.http.read(operation, "POST", f"{PREFIX}/v2/data/ehrApplications", json=query)
        if reply.status == 500 and "next" not in query:
            # a stage with nobody in it; so that no outage looks like it, something that is always there is asked for
            self._judged(operation, self.http.read(operation, "GET", f"{PREFIX}/v2/stage/getStagesList"))
            return None
        answer = self._judged(operation, reply)
        rows, following = answer.get("data"), answer.get("next")
        if not isinstance(rows, list) or not all(_is_application(row) for row in rows):
            raise malformed(operation, "the answer is no list of applications with their ids")
        if following is not None and not isinstance(following, str | int):
            raise malformed(operation, "what should lead to the next page is neither text nor number")
        return rows, str(following or "").strip() or None

    def jobs(self, operation: str, mode: str, offset: int) -> list[Document]:
        """A page of the positions of one kind of recruiting."""
        query = {"mode": mode, "limit": self.config.page_size, "offset": offset}
        reply = self.http.read(operation, "GET", f"{PREFIX}/v1/jobs/{self.config.org_id}", params=query)
        answer = self._judged(operation, reply)
        # the page speaks of `jobs`, the vendor's usual envelope of `data`
        rows = answer["jobs"] if "jobs" in answer else answer.get("data")
        if not isinstance(rows, list) or not all(
            isinstance(row, dict) and is_id(row.get("id")) for row in rows
        ):
            raise malformed(operation, "the answer is no list of positions with their ids")
        return rows

    def job(self, name: str) -> Document | None:
        """One position with its custom fields; None where it is gone."""
        path = f"{PREFIX}/v1/jobs/{self.config.org_id}/{name}"
        reply = self.http.read("get job", "GET", path)
        if reply.status == 404:
            return None
        answer = self._judged("get job", reply)
        return {key: value for key, value in answer.items() if key not in ("code", "msg", "success")}

    def _judged(self, operation: str, reply: Reply) -> Document:
        answer = self.http.decode(operation, reply, write=False) if reply.status == 200 else _envelope(reply)
        if not isinstance(answer, dict):
            raise malformed(operation, "the answer is no object")
        code = answer.get("code", 0)
        if (
            reply.status != 200
            or answer.get("success") is False
            or code not in SUCCESS
            or isinstance(code, bool)
        ):
            # without the vendor's words: they may name anybody
            told = code if isinstance(code, int) and code not in SUCCESS else f"HTTP {reply.status}"
            raise Rejected("the call is refused", connector=NAME, operation=operation, vendor_code=str(told))
        return answer

    def _login(self) -> Mapping[str, str]:
        # the colon belongs to it although nothing follows
        pair = f"{self.config.api_key.get_secret_value()}:"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def malformed(operation: str, what: str) -> Retryable:
    """An answer that is none."""
    return Retryable(what, connector=NAME, operation=operation, vendor_code="PAGE_MALFORMED")


def is_id(value: object) -> bool:
    """Whether it may be an id: a number, or a text that is safe in a path."""
    if isinstance(value, str):
        return value.replace("-", "").replace("_", "").isalnum() and value.isascii()
    return isinstance(value, int) and not isinstance(value, bool)


def _is_application(row: Any) -> bool:
    basics = row.get("basicInfo") if isinstance(row, dict) else None
    return (
        isinstance(basics, dict) and is_id(basics.get("applicationId")) and is_id(basics.get("candidateId"))
    )


def _envelope(reply: Reply) -> Document:
    """The vendor's own refusal; empty where the body is none."""
    if len(reply.body) > _SHORT:
        return {}
    try:
        answer = reply.json()
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) and "msg" in answer else {}


def _is_locked(reply: Reply) -> bool:
    if reply.status == 200:
        return False
    said = str(_envelope(reply).get("msg"))
    return reply.status == 401 or any(word in said for word in _LOCKED)
