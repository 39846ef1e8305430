"""Trivet's pages inside the Airflow UI."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow.api_fastapi.app import create_app
from conftest import World
from fastapi import FastAPI, HTTPException
from fastapi.testclient import TestClient
from starlette.requests import Request

from trivet.airflow import web
from trivet.airflow.pages import Pages, language_of

ROUTES = [(m, r.path) for r in web.app.routes for m in (getattr(r, "methods", None) or {"GET"}) - {"HEAD"}]


@pytest.fixture(scope="module")
def airflow(migrated_home: Path) -> Iterator[FastAPI]:
    """Airflow's own application with our plugin in it."""
    return create_app()


def test_there_are_routes() -> None:
    """An empty list would pass the next test."""
    assert len(ROUTES) >= 3


@pytest.mark.airflow
@pytest.mark.parametrize(
    ("method", "path"), [*ROUTES, ("POST", "/"), ("GET", "/docs"), ("GET", "/openapi.json")]
)
def test_an_anonymous_visitor_sees_nothing(airflow: FastAPI, method: str, path: str) -> None:
    """Every route asks for a login; what is not a route does not exist."""
    url = "/trivet" + re.sub(r"\{[^}]*\}", "x", path)
    refused = (401, 403) if (method, path) in ROUTES else (401, 403, 404, 405)
    assert TestClient(airflow).request(method, url).status_code in refused


@pytest.mark.airflow
def test_the_plugin_is_registered_once(airflow: FastAPI) -> None:
    """Entry point and plugins folder may both bring it; airflow shows an import error for a second one."""
    from airflow import plugins_manager

    plugins, errors = plugins_manager._get_plugins()
    assert [plugin.name for plugin in plugins].count("trivet") == 1
    assert errors == {}


@pytest.fixture
def visitor(airflow: FastAPI, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """Somebody logged in to Airflow, whose Trivet has had one night."""
    for name, value in world.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "True")
    world.night()
    with TestClient(airflow) as client:
        token = client.get("/auth/token").json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


@pytest.mark.airflow
def test_a_night_is_shown(visitor: TestClient, world: World) -> None:
    """Each page shows what the ledger holds, and its links lead to pages."""
    (row,) = world.batches()
    start = visitor.get("/trivet/")
    assert start.status_code == 200
    assert row["batch"] in start.text
    (link,) = set(re.findall(r'href="(/trivet/batch/[^"]+)"', start.text))
    page = visitor.get(link)
    assert page.status_code == 200
    for system in ("successfactors", "kingdee_cloud", "feishu_hire"):
        assert f">{system}<" in page.text
    more = re.search(r'href="(/trivet/deliveries[^"]+)"', page.text)
    assert more
    operations = visitor.get(more[1]).text
    assert all(f">{entry['reference']}<" in operations for entry in world.operations())


@pytest.mark.airflow
def test_deliveries_are_narrowed(visitor: TestClient, world: World) -> None:
    """The form's fields do what they say."""
    shown = visitor.get("/trivet/deliveries", params={"system": "kingdee_cloud"}).text
    for entry in world.operations():
        assert (f">{entry['reference']}<" in shown) == (entry["target"] == "kingdee_cloud")


@pytest.mark.airflow
def test_an_unknown_batch_is_told_on_the_page(visitor: TestClient) -> None:
    """No stack trace, no blank page."""
    answer = visitor.get("/trivet/batch/20990101-000000-XXXX")
    assert answer.status_code == 503
    assert "20990101-000000-XXXX" in answer.text


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
        web.same_origin(made)
    else:
        with pytest.raises(HTTPException):
            web.same_origin(made)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-GB,zh;q=0.5", "en"), ("de,zh", "zh"), ("de", "en"), ("", "en")],
)
def test_the_browsers_language_is_spoken(accepted: str, language: str) -> None:
    """Chinese or English, whichever comes first; English where neither does."""
    assert language_of(accepted) == language


def test_everything_shown_is_escaped() -> None:
    """An error text comes from a vendor, a query from a link: neither may become HTML."""
    view = Pages("en", "/trivet")
    evil = "<script>alert('x')</script>\"'"
    row = {"target": evil, "error_text": evil, "state": evil}
    summary = {"state": evil, "systems": [{"system": evil}]}
    summary |= {name: [{"message": evil, "code": evil}] for name in ("set_aside", "refused", "cases")}
    shown = [
        view.deliveries([row], {"state": evil, "target": evil, "batch_id": evil}),
        view.batch(evil, summary),
        view.batches([{"batch": evil, "state": evil, "operations": {evil: 1}}]),
        view.problem(evil),
    ]
    for html in shown:
        assert "<script" not in html
        assert re.search(r'="[^"]*\'x\'', html) is None


def test_the_pages_speak_chinese_throughout() -> None:
    """No English word of ours is left in a Chinese page."""
    systems = [{"system": "erp", "delivered": 3, "waiting": 1, "refused": 2, "stuck": 1}]
    told = {name: [{"message": "为什么"}] for name in ("set_aside", "refused", "cases")}
    html = Pages("zh", "").batch("b1", {"state": "delivered", "systems": systems, **told})
    words = set(re.findall(r">([A-Za-z ]+)<", html))
    assert words <= {"erp"}, words
