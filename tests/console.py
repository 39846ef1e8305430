"""The console with one night behind it, and people who look at it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any

from airflow.api_fastapi.app import create_app, get_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from fastapi.testclient import TestClient

ORIGIN = "http://localhost:18080"
_NOT_OURS = re.compile(r'<(\w+)[^>]*\btranslate="no"[^>]*>.*?</\1>', re.S)
_SILENT = re.compile(r"<(style|script)\b.*?</\1>", re.S)


class Console:
    """Airflow's application with our plugin in it, and a client a person."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    def token(self, name: str, role: str | None, teams: tuple[str, ...] = ()) -> str:
        """A login of that person."""
        user: Any = SimpleAuthManagerUser(username=name, role=role, teams=list(teams))
        return str(get_auth_manager().generate_jwt(user))

    def get(self, path: str, role: str | None = "admin", *, name: str = "", **more: Any) -> Any:
        """What that person sees."""
        headers = {"Cookie": f"_token={self.token(name or str(role), role)}", **more.pop("headers", {})}
        return self._client.get(f"/trivet{path}", headers=headers, follow_redirects=False, **more)

    def post(
        self,
        path: str,
        role: str | None = "admin",
        *,
        name: str = "",
        origin: str | None = ORIGIN,
        **more: Any,
    ) -> Any:
        """What the person's form is answered."""
        headers = {"Cookie": f"_token={self.token(name or str(role), role)}"}
        if origin is not None:
            headers["Origin"] = origin
        return self._client.post(f"/trivet{path}", headers=headers, follow_redirects=False, **more)

    def anonymous(self, method: str, path: str) -> Any:
        """What nobody is answered."""
        return self._client.request(method, f"/trivet{path}")


@contextmanager
def opened_console() -> Iterator[Console]:
    """Airflow's own application."""
    with TestClient(create_app(), base_url=ORIGIN) as client:
        yield Console(client)


def said(html: str) -> str:
    """The words of a page that are ours: without style, script and what is marked as data."""
    text = _SILENT.sub(" ", html)
    while (less := _NOT_OURS.sub(" ", text)) != text:
        text = less
    labels = " ".join(re.findall(r'(?:data-label|aria-label|title|placeholder)="([^"]*)"', text))
    return unescape(re.sub(r"<[^>]+>", " ", text) + " " + labels)
