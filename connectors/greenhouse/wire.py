"""Harvest v3 on the wire: client credentials, bare arrays, the next page in the `Link` header."""

import base64
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from trivet.contract import Services
from trivet.errors import AuthFailed, Rejected, Retryable
from trivet.http import HttpClient, Reply
from trivet.model import Document

from .config import GreenhouseConfig

NAME = "greenhouse"
MOST_IDS = 50
"""In one filter by ids."""
_NEXT = re.compile(r'<([^<>]*)>\s*;[^,]*\brel="?next\b')


class Wire:
    """One organisation's client."""

    def __init__(self, config: GreenhouseConfig, services: Services) -> None:
        self.config = config
        self.http = HttpClient(
            NAME,
            config.base_url.rstrip("/"),
            services,
            authenticate=self._login,
            network=config,
            refuses_before_work=True,  # calls are counted at the gateway
            spent=_spent,
        )

    def page(self, stream: str, query: Mapping[str, Any]) -> tuple[list[Document], str | None]:
        """One page of a list and the next one's cursor; None on the last."""
        operation = f"list {stream}"
        reply = self.http.read(operation, "GET", f"/v3/{stream}", params=query)
        self._judge(operation, reply)
        rows = self.http.decode(operation, reply, write=False)
        if not isinstance(rows, list) or not all(
            isinstance(row, dict) and _is_id(row.get("id")) for row in rows
        ):
            raise malformed(operation, "the answer is no list of objects with an id")
        return rows, self._cursor(operation, reply)

    def every(self, stream: str, filtered: str, names: Iterable[Any]) -> list[Document]:
        """All objects whose filter by ids names one of these; what is no id is passed over."""
        wanted = [text for text in dict.fromkeys(map(str, names)) if text.isdecimal()]
        rows: list[Document] = []
        for start in range(0, len(wanted), MOST_IDS):
            asked = {filtered: ",".join(wanted[start : start + MOST_IDS]), "per_page": self.config.page_size}
            part, cursor = self.page(stream, asked)
            rows += part
            while cursor:
                part, cursor = self.page(stream, {"cursor": cursor})
                rows += part
        return rows

    def remove(self, operation: str, path: str) -> None:
        """Takes an object away; one that is not there is no trouble."""
        reply = self.http.write(operation, "DELETE", f"/v3{path}")
        if reply.status != 404:
            self._judge(operation, reply)

    def write(self, operation: str, method: str, path: str, body: Document) -> Document:
        """The answer to a call that changes something."""
        reply = self.http.write(operation, method, f"/v3{path}", json=body)
        self._judge(operation, reply)
        said = self.http.decode(operation, reply, write=True)
        return said if isinstance(said, dict) else {}

    def _cursor(self, operation: str, reply: Reply) -> str | None:
        link = reply.headers.get("Link", "")
        found = _NEXT.search(link)
        if found is None:
            if "next" in link:
                raise malformed(operation, "the Link header cannot be read")
            return None
        # only the cursor is taken from there: the host stays the configured one
        cursor = parse_qs(urlsplit(found[1]).query).get("cursor")
        if not cursor:
            raise malformed(operation, "the Link header leads on without a cursor")
        return cursor[0]

    def _judge(self, operation: str, reply: Reply) -> None:
        if reply.status < 300:
            return
        raise Rejected(
            _said(reply), connector=NAME, operation=operation, vendor_code=f"HTTP {reply.status}",
            cure="the record is gone or merged" if reply.status == 404 else None,
        )  # fmt: skip

    def _login(self) -> Mapping[str, str]:
        config = self.config
        pair = f"{config.client_id}:{config.client_secret.get_secret_value()}"
        form = {"grant_type": "client_credentials"} | ({"sub": config.user_id} if config.user_id else {})
        reply, answer = self.http.ask_for_login(
            "POST", "/token", base_url=config.auth_url.rstrip("/"), data=form,
            headers={"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()},
        )  # fmt: skip
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not token:
            raise AuthFailed(
                "client id or client secret is wrong", connector=NAME, operation="login",
                vendor_code=f"HTTP {reply.status}",
                cure="take both from Configure → Dev Center → API Credentials; user_id must be a user of yours",
            )  # fmt: skip
        return {"Authorization": f"Bearer {token}"}


def malformed(operation: str, what: str) -> Retryable:
    """An answer that is none."""
    return Retryable(what, connector=NAME, operation=operation, vendor_code="PAGE_MALFORMED")


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _said(reply: Reply) -> str:
    """The vendor's reason, where it is one of its two forms; it speaks of parameters, not of people."""
    try:
        answer = reply.json()
    except ValueError:
        return f"HTTP {reply.status}"
    errors = answer.get("errors") if isinstance(answer, dict) else None
    said = [
        e if isinstance(e, str) else str(e.get("message")) for e in errors or () if isinstance(e, str | dict)
    ]
    return " ".join("; ".join(said).split())[:200] or f"HTTP {reply.status}"


def _spent(reply: Reply) -> float | None:
    left, reset = (reply.headers.get(f"X-RateLimit-{name}", "") for name in ("Remaining", "Reset"))
    # seconds; a time of day would be a large number, and the window is half a minute
    return min(float(reset), 30.0) if left.strip() == "0" and reset.isdecimal() else None
