"""Trivet's console inside the Airflow UI: who gets in, what she sees, what she may do."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import World, made_world
from console import Console, opened_console
from fastapi import HTTPException
from starlette.requests import Request

from trivet.airflow.web.app import app, same_origin
from trivet.airflow.web.words import language_of

ROUTES = [(m, r.path) for r in app.routes for m in (getattr(r, "methods", None) or {"GET"}) - {"HEAD"}]
pytestmark = pytest.mark.airflow


@pytest.fixture(scope="module")
def world(_servers: Any, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A company after one night."""
    made = made_world(_servers, tmp_path_factory.mktemp("console"))
    made.night()
    return made


@pytest.fixture(scope="module")
def console(migrated_home: Path, world: World) -> Iterator[Console]:
    """The console on that company."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in world.environment().items():
            patch.setenv(name, value)
        with opened_console() as opened:
            yield opened


def test_there_are_routes() -> None:
    """An empty list would pass the next test."""
    assert len(ROUTES) >= 6


@pytest.mark.parametrize(
    ("method", "path"), [*ROUTES, ("POST", "/"), ("GET", "/docs"), ("GET", "/openapi.json")]
)
def test_an_anonymous_visitor_sees_nothing(console: Console, method: str, path: str) -> None:
    """Every route asks for a login; what is not a route does not exist."""
    url = re.sub(r"\{[^}]*\}", "x", path)
    refused = (401, 403) if (method, path) in ROUTES else (401, 403, 404, 405)
    assert console.anonymous(method, url).status_code in refused


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_who_has_no_role_sees_nothing(console: Console, method: str, path: str) -> None:
    """To be logged in is not enough."""
    url = re.sub(r"\{[^}]*\}", "x", path)
    asked = console.get if method == "GET" else console.post
    assert asked(url, None).status_code == 403


@pytest.mark.parametrize("path", [path for method, path in ROUTES if method == "POST"])
@pytest.mark.parametrize("origin", [None, "null", "http://evil.example"])
def test_a_foreign_page_cannot_write(console: Console, path: str, origin: str | None) -> None:
    """The browser sends our cookie with another site's form; its origin gives it away."""
    url = re.sub(r"\{[^}]*\}", "x", path)
    assert console.post(url, origin=origin).status_code == 403


def test_the_plugin_is_registered_once(console: Console) -> None:
    """Entry point and plugins folder may both bring it; airflow shows an import error for a second one."""
    from airflow import plugins_manager

    plugins, errors = plugins_manager._get_plugins()
    assert [plugin.name for plugin in plugins].count("trivet") == 1
    assert errors == {}


def test_a_night_is_shown(console: Console, world: World) -> None:
    """Each page shows what the ledger holds, and its links lead to pages."""
    (row,) = world.batches()
    start = console.get("/")
    assert start.status_code == 200
    (link,) = set(re.findall(r'href="/trivet(/batch/[^"]+)"', start.text))
    assert row["batch"] in link
    page = console.get(link)
    assert page.status_code == 200
    for system in ("successfactors", "kingdee_cloud", "feishu_hire"):
        assert f">{system}<" in page.text
    assert 'href="/dags/sync__nightly_interviews/runs/test"' in page.text


def test_deliveries_are_narrowed_and_paged(console: Console, world: World) -> None:
    """The form's fields do what they say, and the pages together are all rows, each once."""
    table = list(csv.DictReader(io.StringIO(console.get("/deliveries.csv").text.removeprefix("\ufeff"))))
    assert {row["reference"] for row in table} == {row["reference"] for row in world.operations()}
    some = console.get("/deliveries.csv?system=kingdee_cloud").text
    assert some.count("\r\n") - 1 == sum(row["target"] == "kingdee_cloud" for row in table)
    with world.hub() as hub:
        from trivet.flow import deliveries

        seen, after = [], ""
        while True:
            page = deliveries.deliveries(hub, deliveries.Wanted(), after=after, most=3)
            seen += [row.id for row in page.rows]
            if page.next is None:
                break
            after = page.next
    assert len(seen) == len(set(seen)) == len(table)


def test_what_does_not_exist_is_not_found(console: Console) -> None:
    """No stack trace, no blank page, and nothing said."""
    for path in ("/batch/20990101-000000-XXXX", "/batch/%3Cscript%3E", "/flow/nothing"):
        answer = console.get(path)
        assert answer.status_code == 404
        assert "<script>" not in answer.text


def test_the_language_of_a_link_sticks(console: Console) -> None:
    """`?lang=` chooses, a cookie remembers, else the browser's languages decide."""
    chosen = console.get("/?lang=zh")
    assert 'lang="zh"' in chosen.text
    assert "trivet_lang=zh" in chosen.headers["set-cookie"]
    assert console.get("/", headers={"Accept-Language": "zh-CN"}).headers["content-language"] == "zh"
    assert console.get("/?lang=xx").headers["content-language"] == "en"


def test_no_page_runs_a_script_of_somebody_else(console: Console, world: World) -> None:
    """The policy forbids every script but the one that leaves the frame, which has the answer's nonce."""
    (row,) = world.batches()
    for path in ("/", "/deliveries", f"/batch/{row['batch']}"):
        answer = console.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        for nonce in re.findall(r"<script([^>]*)>", answer.text):
            assert re.search(r'nonce="([^"]+)"', nonce)[1] in policy  # type: ignore[index]


def request(method: str, **headers: str) -> Request:
    """A request as the guard sees it."""
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": method, "headers": raw, "path": "/"})


@pytest.mark.parametrize(
    ("made", "passes"),
    [
        (request("GET", origin="http://evil.example"), True),
        (request("POST", origin="http://localhost:18080"), True),
        (request("POST", origin="http://evil.example"), False),
        (request("POST", origin="null"), False),
        (request("POST"), False),
        (request("DELETE", origin="http://localhost:18080.evil.example"), False),
        (request("POST", authorization="Bearer x"), True),
    ],
)
def test_a_write_comes_from_our_own_pages(made: Request, passes: bool) -> None:
    """A foreign page can send our cookie, but neither our origin nor an Authorization header."""
    if passes:
        same_origin(made)
    else:
        with pytest.raises(HTTPException):
            same_origin(made)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-GB,zh;q=0.5", "en"), ("de,zh", "zh"), ("de", "en"), ("", "en")],
)
def test_the_browsers_language_is_spoken(accepted: str, language: str) -> None:
    """Chinese or English, whichever comes first; English where neither does."""
    assert language_of(accepted) == language
