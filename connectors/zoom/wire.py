"""Zoom's REST API on the wire: a token for the account, errors as a code with a message."""

import base64
from collections.abc import Mapping
from typing import Any

from trivet.contract import Services
from trivet.errors import AuthFailed, Rejected, Retryable
from trivet.http import HttpClient
from trivet.model import Document

from .config import ZoomConfig

NAME = "zoom"
NO_RECORDING = 3301
"""`This recording does not exist`: the meeting has none, or none yet, or there is no such meeting."""
NO_MEETING = 3001
NO_RIGHT = (200, 4711)
"""No permission; a scope is missing in the token."""


class Wire:
    """One account's client."""

    def __init__(self, config: ZoomConfig, services: Services) -> None:
        self.config = config
        self.bearer: Mapping[str, str] = {}
        """The header of the last login: a download needs it too."""
        self.http = HttpClient(
            NAME, config.base_url.rstrip("/"), services, authenticate=self._login, network=config
        )

    def read(self, operation: str, path: str) -> Document | None:
        """The object; None where there is no such recording or meeting."""
        reply = self.http.read(operation, "GET", f"/v2{path}")
        said = self.http.decode(operation, reply, write=False)
        if not isinstance(said, dict):
            raise malformed(operation, "the answer is no object")
        if reply.status < 300:
            return said
        code = said.get("code")
        if reply.status == 404 and code in (NO_RECORDING, NO_MEETING):
            return None
        if code in NO_RIGHT:
            raise AuthFailed(
                "the app lacks a scope", connector=NAME, operation=operation, vendor_code=str(code),
                cure="add the scopes that the setting `client_id` names to the app",
            )  # fmt: skip
        raise Rejected(
            f"the vendor refuses this (HTTP {reply.status})", connector=NAME, operation=operation, vendor_code=str(code)
        )  # fmt: skip

    def _login(self) -> Mapping[str, str]:
        config = self.config
        pair = f"{config.client_id}:{config.client_secret.get_secret_value()}"
        reply, answer = self.http.ask_for_login(
            "POST", "/oauth/token", base_url=config.auth_url.rstrip("/"),
            params={"grant_type": "account_credentials", "account_id": config.account_id},
            headers={"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()},
        )  # fmt: skip
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not token:
            raise AuthFailed(
                "account id, client id or client secret is wrong", connector=NAME, operation="login",
                vendor_code=f"HTTP {reply.status}", cure="take all three from the app's page (App Credentials)",
            )  # fmt: skip
        self.bearer = {"Authorization": f"Bearer {token}"}
        return self.bearer


def malformed(operation: str, what: str) -> Retryable:
    """An answer that is none."""
    return Retryable(what, connector=NAME, operation=operation, vendor_code="PAGE_MALFORMED")


def listed(said: Document, name: str, operation: str) -> list[dict[str, Any]]:
    """A list of objects in an answer."""
    found = said.get(name, [])
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise malformed(operation, f"{name} is no list of objects")
    return found
