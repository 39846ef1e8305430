"""Lever's data API on the wire: an API key or a client's token, `{data, next, hasNext}`, errors of code and message."""

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from trivet.contract import Services
from trivet.downloads import Link, small_text
from trivet.errors import AuthFailed, Rejected, Retryable, UnknownOutcome
from trivet.http import HttpClient, Reply
from trivet.model import Document

from .config import LeverConfig
from .tokens import Pair, Tokens

NAME = "lever"
NOT_FOUND = "ResourceNotFound"
MAX_TEXT = 4 * 1024 * 1024
"""Bytes of a report, which is read back whole; Lever itself takes files of up to 30 MB."""
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


class Wire:
    """One account's client."""

    def __init__(self, config: LeverConfig, services: Services) -> None:
        self.config = config
        self.token: str | None = None
        given = config.refresh_token.get_secret_value() if config.refresh_token else ""
        self.tokens = Tokens(services.state / "tokens" / f"{services.connection}.json", given)
        self.http = HttpClient(
            NAME,
            config.base_url.rstrip("/"),
            services,
            authenticate=self._login,
            network=config,
            refuses_before_work=True,  # the bucket stands before the work
        )

    def page(
        self, operation: str, path: str, query: Mapping[str, Any], offset: str | None = None
    ) -> tuple[list[Document], str | None]:
        """One page of a list, and the token of the next one; None on the last."""
        asked = {"limit": self.config.page_size, **query} | ({"offset": offset} if offset else {})
        said = self._read(operation, path, asked)
        # the documents show the list of files as a bare array
        bare = isinstance(said, list) and path.endswith("/files")
        rows = said if bare else said.get("data") if isinstance(said, dict) else None
        if not isinstance(rows, list) or not all(
            isinstance(row, dict) and is_id(row.get("id")) for row in rows
        ):
            raise malformed(operation, "the answer is no list of objects with an id")
        more = None if bare else said.get("hasNext")
        following = said.get("next") if more else None
        if more not in (None, False, True) or (more and not (isinstance(following, str) and following)):
            raise malformed(operation, "the page leads on without a token")
        if following is not None and following == offset:
            raise malformed(operation, "the page leads to itself")
        return rows, following

    def every(self, operation: str, path: str, query: Mapping[str, Any] | None = None) -> list[Document]:
        """All of a list that is known to be short."""
        rows, offset = self.page(operation, path, query or {})
        while offset:
            more, offset = self.page(operation, path, query or {}, offset)
            rows += more
        return rows

    def one(self, operation: str, path: str, query: Mapping[str, Any] | None = None) -> Document | None:
        """A single object; None where it is not there (any more)."""
        try:
            said = self._read(operation, path, query or {})
        except Rejected as error:
            if not absent(error):
                raise
            return None
        found = said.get("data") if isinstance(said, dict) else None
        if not isinstance(found, dict) or not is_id(found.get("id")):
            raise malformed(operation, "the answer is no object with an id")
        return found

    def text(self, operation: str, path: str) -> str | None:
        """What a small file holds; None where it is not there, not read yet, or no text."""
        return small_text(self.http, operation, self.link(path, None), MAX_TEXT)

    def link(self, path: str, file_name: str | None) -> Link:
        """A file of the API: it asks for our login, which stays here where the vendor sends us on to its store."""
        own = urlsplit(self.http.base_url).hostname or ""
        return Link(f"{self.http.base_url}/v1{path}", None, file_name, self.http.proof(), (own,))

    def write(self, operation: str, method: str, path: str, *, as_user: bool = True, **how: Any) -> Document:
        """The object in the answer to a call that changes something; empty where it has no content."""
        named = {"perform_as": self.config.perform_as} if as_user and self.config.perform_as else {}
        reply = self.http.write(operation, method, f"/v1{path}", params=named, **how)
        self._judge(operation, reply)
        if reply.status == 204:
            return {}
        said = self.http.decode(operation, reply, write=True)
        made = said.get("data") if isinstance(said, dict) else None
        if not isinstance(made, dict):
            raise UnknownOutcome(
                "the answer names nothing", connector=NAME, operation=operation, vendor_code="JSON_SYNTAX"
            )
        return made

    def _read(self, operation: str, path: str, query: Mapping[str, Any]) -> Any:
        reply = self.http.read(operation, "GET", f"/v1{path}", params=query)
        self._judge(operation, reply)
        return self.http.decode(operation, reply, write=False)

    def _judge(self, operation: str, reply: Reply) -> None:
        if reply.status < 300:
            return
        code, message = _said(reply)
        raise Rejected(
            message,
            connector=NAME,
            operation=operation,
            vendor_code=NOT_FOUND if reply.status == 404 else code,
        )

    def _login(self) -> Mapping[str, str]:
        if self.config.api_key is not None:
            pair = f"{self.config.api_key.get_secret_value()}:"
            return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        # asked again within one client's life, the token that it had was refused
        self.token = self.tokens.access(self.token, self._renewed)
        return {"Authorization": f"Bearer {self.token}"}

    def _renewed(self, refresh: str) -> Pair:
        config = self.config
        secret = config.client_secret.get_secret_value() if config.client_secret else ""
        form = {"grant_type": "refresh_token", "client_id": config.client_id, "client_secret": secret}
        reply, said = self.http.ask_for_login(
            "POST",
            "/oauth/token",
            base_url=config.auth_url.rstrip("/"),
            data={**form, "refresh_token": refresh},
        )
        access, following = (_token(said, f"{name}_token") for name in ("access", "refresh"))
        if reply.status != 200 or not access or not following:
            raise AuthFailed(
                "client or refresh token is refused", connector=NAME, operation="login",
                vendor_code=f"HTTP {reply.status}",
                cure="let a Lever admin authorise the client again and store the new refresh token; it serves once, so nothing "
                "else may use it, and all machines have to share the state folder",
            )  # fmt: skip
        return access, following


def is_id(value: object) -> bool:
    """Whether the value is an id of Lever's, which may stand in a path."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def absent(error: Rejected) -> bool:
    """Whether the refusal says that the object is not there (any more)."""
    return error.vendor_code == NOT_FOUND


def _token(said: Any, name: str) -> str:
    token = said.get(name) if isinstance(said, dict) else None
    return token if isinstance(token, str) and token.isascii() and token.isprintable() else ""


def malformed(operation: str, what: str) -> Retryable:
    """An answer that is none."""
    return Retryable(what, connector=NAME, operation=operation, vendor_code="PAGE_MALFORMED")


def _said(reply: Reply) -> tuple[str, str]:
    """The vendor's code and reason, which speak of parameters, not of people."""
    try:
        answer = reply.json()
    except (ValueError, RecursionError):
        answer = None
    status = f"HTTP {reply.status}"
    if not isinstance(answer, dict):
        return status, status
    code, message = answer.get("code"), answer.get("message")
    return (
        " ".join(code.split())[:60] if isinstance(code, str) and code.strip() else status,
        " ".join(message.split())[:200] if isinstance(message, str) and message.strip() else status,
    )
