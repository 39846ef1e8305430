"""Trivet's console inside the Airflow UI: who gets in, what she sees, what she may do."""

import base64
import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.utils.session import create_session
from conftest import World, fresh_world
from console import Console, said
from fastapi import HTTPException
from sqlalchemy import Column, ForeignKey, Integer, String, Table, orm, update
from starlette.requests import Request

import trivet
from trivet.airflow import web
from trivet.airflow.web.app import app, same_origin
from trivet.airflow.web.rights import groups_of
from trivet.airflow.web.words import chinese, language_of
from trivet.ledger.batches import WHOLE
from trivet.ledger.tables import batch

ROUTES = [(m, r.path) for r in app.routes for m in (getattr(r, "methods", None) or {"GET"}) - {"HEAD"}]
SAME_IN_BOTH = {"AI", "CSV", "ERP", "HR", "Airflow", "Kappa", "TRIVET_ANCHORS", "Trivet"}
pytestmark = pytest.mark.airflow


@pytest.fixture(scope="module")
def world(_servers: Any, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A company after one night."""
    made = fresh_world(_servers, tmp_path_factory.mktemp("console"))
    made.night()
    return made


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


def test_a_night_that_left_work_says_so(console: Console, world: World) -> None:
    """On its own page, among the flow's nights and in the overview; not once the next one has taken it over."""
    (known,) = world.batches()
    paths = (f"/batch/{known['batch']}", f"/flow/{world.flow}", "/")
    with world.hub() as hub:
        for through, marked in (("score 1/2", True), (WHOLE, False)):
            with hub.ledger.begin() as tx:
                tx.conn.execute(update(batch).values(through=through))
            assert ["left work" in said(console.get(path).text) for path in paths] == [marked] * 3


def test_deliveries_are_narrowed_and_paged(console: Console, world: World) -> None:
    """The form's fields do what they say, and the pages together are all rows, each once."""
    table = list(csv.DictReader(io.StringIO(console.get("/deliveries.csv").text.removeprefix("\ufeff"))))
    assert {row["reference"] for row in table} == {row["reference"] for row in world.operations()}
    some = console.get("/deliveries.csv?system=kingdee_cloud").text
    assert some.count("\r\n") - 1 == sum(row["target"] == "kingdee_cloud" for row in table)
    with world.hub() as hub:
        from trivet.flow.console import deliveries

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


def every_page(world: World) -> dict[str, str]:
    """Name and address of every page that shows something."""
    (row,) = world.batches()
    entry = world.operations(target="successfactors")[0]
    return {
        "overview": "/", "flow": f"/flow/{world.flow}", "deliveries": "/deliveries", "batch": f"/batch/{row['batch']}",
        "find": "/person", "person": f"/person/{entry['subject_ref']}", "delivery": f"/delivery/{entry['id']}",
        "cases": "/cases", "mappings": "/mappings", "of a flow": f"/mappings?flow={world.flow}", "checks": "/mappings/check",
        "preview": "/mappings/preview", "connections": "/connections", "agreement": "/agreement", "audit": "/audit",
        "approvals": "/approvals",
        "tab of the DAG": f"/dag?dag=sync__{world.flow}", "tab of the run": f"/run?dag=sync__{world.flow}&run=test",
    }  # fmt: skip


def test_no_english_word_is_left_in_chinese(console: Console, world: World) -> None:
    """What is not marked as data is in the page's language, labels that only a phone shows included."""
    for name, path in every_page(world).items():
        answer = console.get(path, headers={"Accept-Language": "zh"})
        assert answer.status_code in (200, 303), name
        left = set(re.findall(r"[A-Za-z_]{2,}", said(answer.text))) - SAME_IN_BOTH
        assert not left, f"{name}: {left}"


def _code(file: Path) -> str:
    """Without the docstring, which holds an example."""
    text = file.read_text(encoding="utf-8")
    return text if file.suffix == ".html" else text.split('"""', 2)[-1]


def test_every_text_of_a_page_is_known(console: Console) -> None:
    """A text of the templates and of the confirming pages that only some data bring up is translated, too."""
    del console
    folder = Path(web.__file__).parent
    found = {
        text
        for file in (*folder.glob("templates/*.html"), *folder.glob("*.py"))
        for text in re.findall(
            r"""\b(?:say|figure|td|num|txt|head|button|Confirm|Done)\(\s*"([^"]+)"\s*[,)]""", file.read_text()
        )
    }
    missing = {text.lstrip("#") for text in found if not text.startswith("/")} - set(chinese())
    assert not missing


def test_every_stage_at_which_something_is_set_aside_has_a_word() -> None:
    """The pages name it, whether or not a test's company ever gets there."""
    sources = (file.read_text(encoding="utf-8") for file in Path(trivet.__file__).parent.rglob("*.py"))
    said = re.compile(r"""\b(?:stage=|STAGE = |SetAside\(\s*)"([a-z_]+)\"""")
    stages = {stage for text in sources for stage in said.findall(text)}
    assert len(stages) >= 10
    assert stages <= set(chinese())


def test_the_pages_of_the_frame_lead_on(console: Console, world: World) -> None:
    """The tab on a run shows its batch, the tab on a DAG its flow; a run that has none says so."""
    pages = every_page(world)
    assert console.get(pages["tab of the run"]).headers["location"].endswith(pages["batch"])
    assert console.get(pages["tab of the DAG"]).headers["location"].endswith(pages["flow"])
    assert console.get("/run?dag=sync__nothing&run=x").status_code == 200


def test_a_viewer_sees_no_personal_data(console: Console, world: World) -> None:
    """Names, ids and documents are masked on every page; what happened is there."""
    pages = every_page(world)
    opened = console.get(pages["person"], "admin").text
    number = re.search(r'>employee_number</dt><dd class="id" translate="no">(\w+)<', opened)
    name = re.search(r'<h1>Person <span translate="no">([^<]+)</span>', opened)
    assert number
    assert name
    for page, path in pages.items():
        text = console.get(path, "viewer").text
        assert number[1] not in text, page
        assert name[1] not in text, page
    assert "feishu_hire/talent" not in console.get(pages["person"], "viewer").text
    assert "•••" in console.get(pages["person"], "viewer").text


def test_to_open_personal_data_is_noted(console: Console, world: World) -> None:
    """With the user's name, and only where something was shown."""
    pages = every_page(world)
    console.get(pages["person"], "admin", name="li.na")
    console.get(pages["person"], "viewer", name="zhang.wei")
    trail = console.get("/audit?code=PERSONAL_DATA_OPENED").text
    assert "li.na" in trail
    assert "zhang.wei" not in trail


def test_a_person_is_found_by_what_people_know(console: Console, world: World) -> None:
    """The HR system's id, the employee number or the pseudonym; an id only by who may see it."""
    ref = world.operations(target="successfactors")[0]["subject_ref"]
    opened = console.get(f"/person/{ref}").text
    number = re.search(r'>employee_number</dt><dd class="id" translate="no">(\w+)<', opened)
    assert number
    for who, role, status in (
        (number[1], "admin", 303),
        (number[1], "viewer", 404),
        (ref, "viewer", 303),
        ("none", "admin", 404),
    ):
        answer = console.post("/person", role, data={"who": who})
        assert answer.status_code == status, (who, role)
        if status == 303:
            assert answer.headers["location"].endswith(f"/person/{ref}")


def test_a_report_is_read_where_it_lies(console: Console, world: World) -> None:
    """The link on the time line leads to the report, in a sandbox; a viewer has neither."""
    path = every_page(world)["person"]
    link = re.search(r'href="/trivet([^"]+/report/[^"]+)"', console.get(path).text)
    assert link
    report = console.get(link[1])
    assert report.status_code == 200
    assert report.headers["content-security-policy"].startswith("sandbox")
    assert console.get(link[1], "viewer").status_code == 404
    assert "/report/" not in console.get(path, "viewer").text


ACCESS = """
apiVersion: trivet/v1
kind: Access
metadata: {name: sites/access}
grants:
  - {users: [boss], rights: [view, operate, approve, personal_data], sites: ["*"]}
  - {groups: [op], rights: [view, operate], sites: [cn]}
  - {users: [far], rights: [view, operate, personal_data], sites: [elsewhere]}
"""


@pytest.fixture
def sites(world: World) -> Iterator[World]:
    """The flow belongs to a site, and an access file says who sees it."""
    file = world.home / "mappings" / "sites" / "access.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(ACCESS)
    world.edit_flow(lambda flow: flow.update(site="cn"))
    yield world
    file.unlink()
    world.edit_flow(lambda flow: flow.pop("site"))


def test_a_foreign_site_does_not_exist(console: Console, sites: World) -> None:
    """Who has rights elsewhere finds no batch, person, delivery, row or figure of this site, and is told no more."""
    pages = every_page(sites)
    for page in ("flow", "batch", "person", "delivery", "of a flow"):
        assert console.get(pages[page], "viewer", name="far").status_code == 404, page
        assert console.get(pages[page], "op").status_code == 200, page
    for page in ("overview", "deliveries", "cases", "connections", "agreement", "audit"):
        text = console.get(pages[page], "viewer", name="far").text
        for known in (sites.flow, "kingdee_cloud"):
            assert known not in text.replace('<option translate="no">kingdee_cloud', ""), page
    assert console.get("/deliveries.csv", "viewer", name="far").text.count("\r\n") == 1
    ref = sites.operations(target="successfactors")[0]["subject_ref"]
    record = sites.operations(target="successfactors")[0]["reference"]
    assert console.post("/person", "viewer", name="far", data={"who": ref}).status_code == 404
    made = {"file": "successfactors/kpi_weight", "record": record}
    assert console.post("/mappings/preview", "viewer", name="far", data=made).status_code == 422


def test_the_access_file_alone_counts(console: Console, sites: World) -> None:
    """Where there is one, an admin of Airflow whom it does not name has no right at all."""
    assert console.get("/", "admin").status_code == 403
    assert console.get("/", "admin", name="boss").status_code == 200
    assert "•••" in console.get(every_page(sites)["person"], "op").text
    (sites.home / "mappings" / "sites" / "access.yaml").write_text("kind: Access")
    assert console.get("/", "admin", name="boss").status_code == 503


def test_an_action_asks_first(console: Console, world: World) -> None:
    """A button leads to a page that asks; only its form does it, and only who may operate gets so far."""
    path = "/connections/kingdee_cloud/check"
    asked = console.post(path, "op")
    assert asked.status_code == 200
    assert 'name="sure" value="yes"' in asked.text
    assert console.post(path, "viewer").status_code == 403
    assert console.post("/connections/nothing/check", "viewer").status_code == 403
    done = console.post(path, "op", data={"sure": "yes"})
    assert ">answers<" in done.text
    counted = console.post(f"/agreement/{world.flow}/count", "op", data={"sure": "yes"})
    assert counted.status_code == 303
    assert "counted anew" in console.get(counted.headers["location"].removeprefix("/trivet")).text


def test_an_address_cannot_put_words_in_our_mouth(console: Console) -> None:
    """The message of a redirect is one of our texts, or nothing."""
    assert "call this number" not in console.get("/?said=Please+call+this+number").text


def test_the_chains_are_verified(console: Console) -> None:
    """Somebody may have them read anew at any time."""
    assert "Every chain holds." in console.post("/audit/verify", "op", data={"sure": "yes"}).text


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


def token_of(**claims: Any) -> str:
    """A token as Keycloak signs it; who reads the claims has had it verified."""
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.signature"


@pytest.mark.parametrize(
    ("user", "groups"),
    [
        (SimpleNamespace(role="op", teams=["night"]), {"op", "night"}),
        # fab: models with a name
        (SimpleNamespace(roles=[SimpleNamespace(name="Op")], groups=[SimpleNamespace(name="hr-it")]), {"Op", "hr-it"}),
        (SimpleNamespace(groups=[SimpleNamespace(name="hr-it", roles=[SimpleNamespace(name="Op")])]), {"Op", "hr-it"}),
        (SimpleNamespace(access_token=token_of(groups=["/hr/cn"], realm_access={"roles": ["hr-it"]})), {"hr/cn", "hr-it"}),
        (SimpleNamespace(access_token="no token"), set()),
        (SimpleNamespace(), set()),
    ],
)  # fmt: skip
def test_groups_come_from_every_auth_manager(user: Any, groups: set[str]) -> None:
    """Each manager's user says them in its own way."""
    assert groups_of(user) == groups


def test_groups_are_read_of_a_user_whose_session_is_closed(console: Console) -> None:
    """FAB's user comes so, with groups that are read when somebody asks for them; one who is gone meanwhile has none."""
    del console  # its metadata database is what is needed
    base: Any = orm.declarative_base()
    people, rights = (
        Table(
            f"some_{one}s_{many}s",
            base.metadata,
            Column("one", ForeignKey(f"some_{one}.id")),
            Column("many", ForeignKey(f"some_{many}.id")),
        )
        for one, many in (("user", "group"), ("group", "role"))
    )

    class Role(base):
        __tablename__ = "some_role"
        id = Column(Integer, primary_key=True)
        name = Column(String)

    class Group(base):
        __tablename__ = "some_group"
        id = Column(Integer, primary_key=True)
        name = Column(String)
        roles = orm.relationship(Role, secondary=rights)

    class User(base):
        __tablename__ = "some_user"
        id = Column(Integer, primary_key=True)
        groups = orm.relationship(Group, secondary=people)

    with create_session() as session:
        base.metadata.create_all(session.connection())
        session.add(User(id=1, groups=[Group(id=1, name="hr-cn", roles=[Role(id=1, name="Op")])]))
    with create_session() as session:
        user = session.get(User, 1)
    assert groups_of(user) == {"hr-cn", "Op"}
    with create_session() as session:
        session.delete(session.get(User, 1))
    assert groups_of(user) == set()
