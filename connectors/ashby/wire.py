"""Ashby on the wire: `POST /<resource>.<method>`, the key as user name, and an envelope whose `success` decides.

    refused    {"success": false, "errors": [code | {message, parameter}], "errorInfo": {code, message, requestId}}
    a page     {"success": true, "results": […], "moreDataAvailable": true, "nextCursor"}
    the last   {"success": true, "results": […], "moreDataAvailable": false, "syncToken"}

A refusal mostly comes with HTTP 200. No key is 401, a wrong one or one without the right to a method is 403.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trivet.contract import Services
from trivet.errors import AuthFailed, Rejected, Retryable, UnknownOutcome
from trivet.http import HttpClient, Reply
from trivet.model import Document

from .config import AshbyKey

NAME = "ashby"
NO_RIGHT = "missing_endpoint_permission"
RIGHTS: Mapping[str, str] = {
    "job": "jobsRead", "interviewSchedule": "interviewsRead", "customField": "hiringProcessMetadataRead",
}  # fmt: skip
"""Permissions of the key by resource; those of the others are `candidatesRead` and, to write, `candidatesWrite`."""
WINDOW_SECONDS = 60.0
_CODE = re.compile(r"[a-z][a-z0-9_]{1,63}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list."""

    rows: list[Document]
    following: str | None
    """The next page's cursor; None on the last."""
    token: str | None
    """On the last page: what the next sync begins with."""


class Wire:
    """One organisation's client."""

    def __init__(self, config: AshbyKey, services: Services, *, page_size: int = 100) -> None:
        self.config, self.page_size = config, page_size
        self.http = HttpClient(
            NAME,
            config.base_url.rstrip("/"),
            services,
            authenticate=self._key,
            network=config,
            refuses_before_work=True,  # calls are counted for a key before a method is looked at
            spent=_spent,
        )

    def page(
        self, method: str, *, size: int, token: str | None = None, cursor: str | None = None, **which: Any
    ) -> Listed:
        """One page of a list; token and cursor travel together."""
        body: Document = {"limit": size, **which}
        body |= {name: value for name, value in (("syncToken", token), ("cursor", cursor)) if value}
        said = self.ask(method, body)
        rows, more = said.get("results"), said.get("moreDataAvailable")
        if not isinstance(rows, list) or not all(
            isinstance(row, dict) and isinstance(row.get("id"), str) and row["id"] for row in rows
        ):
            raise malformed(method, "the page holds no list of objects with an id")
        following = said.get("nextCursor") if more else None
        # to end where more is promised would leave out the rest, to go on from the same place would never end
        if (
            not isinstance(more, bool)
            or (more and not _is_text(following))
            or (following and following == cursor)
        ):
            raise malformed(method, "the page does not say where the list goes on")
        fresh = said.get("syncToken")
        return Listed(rows, following, fresh if _is_text(fresh) else None)

    def every(self, method: str, **which: Any) -> Iterator[Document]:
        """The objects of a list, page by page."""
        cursor: str | None = None
        while True:
            listed = self.page(method, size=self.page_size, cursor=cursor, **which)
            yield from listed.rows
            cursor = listed.following
            if cursor is None:
                return

    def one(self, method: str, **which: str) -> Document | None:
        """One object; None where there is none (any more)."""
        try:
            found = self.ask(method, which).get("results")
        except Rejected as error:
            if str(error.vendor_code).endswith("_not_found"):
                return None
            raise
        if not isinstance(found, dict):
            raise malformed(method, "the answer holds no object")
        return found

    def ask(self, method: str, body: Document) -> Document:
        """The envelope of a successful read."""
        try:
            reply = self.http.read(method, "POST", f"/{method}", json=body)
        except AuthFailed as error:
            raise _not_let_in(method, error.message, write=False) from None
        return self._judged(method, reply, write=False)

    def write(self, method: str, body: Document) -> Document:
        """The envelope of a successful write."""
        try:
            reply = self.http.write(method, "POST", f"/{method}", json=body)
        except AuthFailed as error:
            raise _not_let_in(method, error.message, write=True) from None
        return self._judged(method, reply, write=True)

    def _judged(self, method: str, reply: Reply, *, write: bool) -> Document:
        if reply.status >= 300:
            raise self._refusal(method, reply, _lenient(reply), write=write)
        said = self.http.decode(method, reply, write=write)
        success = said.get("success") if isinstance(said, dict) else None
        if success is True:
            return dict(said)
        if success is False:
            raise self._refusal(method, reply, said, write=write)
        if write:
            raise UnknownOutcome("the answer does not say `success`", connector=NAME, operation=method)
        raise malformed(method, "the answer does not say `success`")

    def _refusal(self, method: str, reply: Reply, said: Any, *, write: bool) -> AuthFailed | Rejected:
        code = _code(said)
        if code == NO_RIGHT:
            return _not_let_in(method, "the key has no right to this", write=write, code=code)
        # the vendor's words may quote what was sent or whom it found: its code alone goes on
        return Rejected(
            "the vendor refuses this", connector=NAME, operation=method, vendor_code=code or f"HTTP {reply.status}",
            cure="the object was deleted or merged" if str(code).endswith("_not_found") else None,
        )  # fmt: skip

    def _key(self) -> Mapping[str, str]:
        pair = f"{self.config.api_key.get_secret_value()}:"
        version = {"Ashby-Version": self.config.api_version} if self.config.api_version else {}
        return {
            "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
            "Accept": "application/json; version=1",
            **version,
        }


def malformed(method: str, what: str) -> Retryable:
    """An answer that is none."""
    return Retryable(what, connector=NAME, operation=method, vendor_code="PAGE_MALFORMED")


def is_id(name: object) -> bool:
    """Whether it can be the id of an object; for any other text the vendor refuses the call, and not the object."""
    return isinstance(name, str) and _UUID.fullmatch(name) is not None


def _not_let_in(method: str, message: str, *, write: bool, code: str | None = None) -> AuthFailed:
    right = "candidatesWrite" if write else RIGHTS.get(method.partition(".")[0], "candidatesRead")
    return AuthFailed(
        message, connector=NAME, operation=method, vendor_code=code,
        cure=f"take the key from Admin → Integrations → API Keys; it needs the permission {right}",
    )  # fmt: skip


def _lenient(reply: Reply) -> Any:
    try:
        return reply.json()
    except ValueError:
        return None


def _code(said: Any) -> str | None:
    """The error's code, from either of the vendor's two forms."""
    if not isinstance(said, dict):
        return None
    info, errors = said.get("errorInfo"), said.get("errors")
    told = [info.get("code")] if isinstance(info, dict) else []
    for error in errors if isinstance(errors, list) else ():
        told += [error.get("code"), error.get("message")] if isinstance(error, dict) else [error]
    return next((code for code in told if isinstance(code, str) and _CODE.fullmatch(code)), None)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _spent(reply: Reply) -> float | None:
    left, reset = (reply.headers.get(f"RateLimit-{name}", "") for name in ("Remaining", "Reset"))
    # seconds; a time of day would be a large number
    return min(float(reset), WINDOW_SECONDS) if left.strip() == "0" and reset.isdecimal() else None
