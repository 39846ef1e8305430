"""BambooHR on the wire: an API key as the user of basic authentication, reasons in a header, pages by number."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trivet.contract import Services
from trivet.errors import RateLimited, Rejected, Retryable, UnknownOutcome
from trivet.http import HttpClient, Reply
from trivet.model import Document, Record

from .config import BambooHrConfig

NAME = "bamboohr"
ATS = "/api/v1/applicant_tracking"
NEWEST: Mapping[str, Any] = {"sortBy": "last_updated", "sortOrder": "DESC"}
OLDEST: Mapping[str, Any] = {"sortBy": "created_date", "sortOrder": "ASC"}
_JSON = {"Accept": "application/json"}
"""Whoever does not ask for JSON is given XML by the employees' calls."""
_REASONS = ("x-bamboohr-error-message", "x-bamboohr-message")
_PAUSE = 60.0


class Wire:
    """One company's client."""

    def __init__(self, config: BambooHrConfig, services: Services) -> None:
        pair = base64.b64encode(f"{config.api_key.get_secret_value()}:x".encode()).decode()
        self.http = HttpClient(
            NAME,
            config.base_url.rstrip("/"),
            services,
            authenticate=lambda: {"Authorization": f"Basic {pair}"},
            network=config,
            refuses_before_work=True,  # calls are counted before they are looked at
        )

    def read(self, operation: str, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """The answer to a call that changes nothing."""
        reply = self.http.read(operation, "GET", path, params=query, headers=_JSON)
        return self._said(operation, reply, write=False)

    def found(self, operation: str, path: str, query: Mapping[str, Any] | None = None) -> Document | None:
        """The object of that path; None where there is none (any more)."""
        try:
            said = self.read(operation, path, query)
        except Rejected as error:
            if error.vendor_code == "HTTP 404":
                return None
            raise
        if not isinstance(said, dict):
            raise self.malformed(operation, "the answer is no object")
        return said

    def write(self, operation: str, method: str, path: str, body: Document | None = None) -> Any:
        """The answer to a call that changes something; None where it has no body."""
        reply = self.http.write(operation, method, path, json=body, headers=_JSON)
        if reply.status < 300 and not reply.body and method == "DELETE":
            return None
        return self._said(operation, reply, write=True)

    def applications(self, query: Mapping[str, Any]) -> Iterator[list[Document]]:
        """The list's pages."""
        operation, number, last = "list applications", 1, None
        while True:
            said = self.read(operation, f"{ATS}/applications", {**query, "page": number})
            rows = said.get("applications") if isinstance(said, dict) else None
            if (
                not isinstance(rows, list)
                or not all(_is_row(row) for row in rows)
                or "nextPageUrl" not in said
            ):
                raise self.malformed(operation, "the answer is no page of applications")
            if rows and rows == last:
                raise self.malformed(operation, "the page leads to itself")
            yield rows
            # `paginationComplete` is described as the opposite of its name; the address of the next page is not
            if said["nextPageUrl"] is None:
                return
            if not rows:
                raise self.malformed(operation, "an empty page leads on")
            number, last = number + 1, rows

    def every(self, query: Mapping[str, Any]) -> Iterator[list[Document]]:
        """The list's pages; one of several pages is gone through twice, for what is deleted meanwhile draws a row over the
        edge of a page that was read already."""
        pages = 0
        for rows in self.applications(query):
            pages += 1
            yield rows
        if pages > 1:
            yield from self.applications(query)

    def malformed(self, operation: str, what: str) -> Retryable:
        """An answer that is none."""
        return Retryable(what, connector=NAME, operation=operation, vendor_code="PAGE_MALFORMED")

    def _said(self, operation: str, reply: Reply, *, write: bool) -> Any:
        if reply.status >= 300:
            raise Rejected(
                _reason(reply), connector=NAME, operation=operation, vendor_code=f"HTTP {reply.status}"
            )
        said = self.http.decode(operation, reply, write=write)
        error = said.get("error") if isinstance(said, dict) else None
        if isinstance(error, dict):
            self._raise(operation, str(error.get("code")), write=write)
        return said

    def _raise(self, operation: str, code: str, *, write: bool) -> None:
        # status 200 with {"error": {"code": 429}}: so the log of a web hook says that there were too many calls
        where: dict[str, Any] = {"connector": NAME, "operation": operation, "vendor_code": code}
        if code == "429":
            raise RateLimited(f"too many calls, again in {_PAUSE:g} s", retry_after=_PAUSE, **where)
        raise (UnknownOutcome if write else Retryable)("an error came with status 200", **where)


def record(document: Document) -> Record:
    """An object under its id; the vendor stamps no version."""
    return Record.by_content(str(document["id"]), document)


def without(value: Any, names: Sequence[str]) -> Any:
    """The same without these names, however deep."""
    if isinstance(value, dict):
        return {name: without(inner, names) for name, inner in value.items() if name not in names}
    return [without(inner, names) for inner in value] if isinstance(value, list) else value


def is_id(value: object) -> bool:
    """Whether it is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def inner_id(row: Document, name: str) -> bool:
    """Whether the row holds an object of that name with an id."""
    inner = row.get(name)
    return isinstance(inner, dict) and is_id(inner.get("id"))


def _is_row(row: object) -> bool:
    return isinstance(row, dict) and is_id(row.get("id")) and inner_id(row, "applicant")


def _reason(reply: Reply) -> str:
    """The vendor's words, which stand in a header and speak of parameters."""
    said = next((reply.headers[name] for name in _REASONS if reply.headers.get(name)), "")
    return " ".join(said.split())[:200] or f"HTTP {reply.status}"
