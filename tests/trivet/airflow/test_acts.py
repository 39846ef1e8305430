"""The console's buttons and approvals through the real routes: rights, sites, foreign pages, double clicks, passkeys."""

import json
import re
import sqlite3
from html import unescape
from typing import Any

import pytest
from conftest import World, fresh_world
from console import ORIGIN, Console, said
from soft_key import PRESENT, SoftKey

from trivet.airflow.web import acts
from trivet.flow.gates import approvals, passkeys
from trivet.ledger import approvals as stored

pytestmark = pytest.mark.airflow
SURE = {"sure": "yes"}


def strict(world: World) -> None:
    """Sensitive decisions wait, and a passkey is asked for."""
    for file in (world.home / "mappings" / "sites").glob("*.yaml"):
        text = file.read_text(encoding="utf-8").partition("decisions:")[0]
        file.write_text(f"{text}decisions: {{flow: []}}\n", encoding="utf-8")


@pytest.fixture(scope="module")
def world(_servers: Any, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A company after a night of which something waits for a person."""
    made = fresh_world(_servers, tmp_path_factory.mktemp("acts"))
    strict(made)
    made.night()
    return made


@pytest.fixture
def asked(world: World) -> dict[str, Any]:
    """The approval that waits; a new one where the last was answered."""
    with world.hub() as hub:
        found = approvals.listed(hub)
    if not found:
        with sqlite3.connect(world.state / "ledger.db") as db:
            db.execute("UPDATE gate SET approved_by = NULL, approval_id = NULL")
            db.execute("UPDATE operation SET state = 'planned' WHERE id IN (SELECT operation_id FROM gate)")
        world.night()
        with world.hub() as hub:
            found = approvals.listed(hub)
    with world.hub() as hub:
        return approvals.shown(hub, found[0]["approval"])


def events(world: World, code: str) -> list[tuple[str, str]]:
    """Who did what to what."""
    with sqlite3.connect(world.state / "ledger.db") as db:
        return db.execute("SELECT actor, about FROM event WHERE code = ? ORDER BY at", (code,)).fetchall()


def test_a_button_asks_then_acts_once(console: Console, world: World) -> None:
    """The first click shows what will happen, the second does it under the person's name, a third changes nothing."""
    flow = f"/flow/{world.flow}"
    shown = console.post(f"{flow}/hold")
    assert shown.status_code == 200
    assert "until it is released" in shown.text
    assert console.post(f"{flow}/hold", data=SURE).status_code == 422  # no reason
    for _ in range(2):
        done = console.post(f"{flow}/hold", data={**SURE, "reason": "reorganisation"})
        assert (done.status_code, done.headers["location"].partition("?")[0]) == (303, f"/trivet{flow}")
    assert "The flow is on hold." in console.get(done.headers["location"].removeprefix("/trivet")).text
    assert events(world, "HELD") == [("admin", f"flow {world.flow}")]
    for _ in range(2):
        assert console.post(f"{flow}/release", data=SURE).status_code == 303
    assert events(world, "RELEASED") == [("admin", f"flow {world.flow}")]


def test_the_pages_have_their_buttons(console: Console, world: World) -> None:
    """Where the right holds, and nowhere else."""
    one = world.operations(state="confirmed")[0]
    pages = {
        "/": "/settle", f"/flow/{world.flow}": f"/flow/{world.flow}/hold", "/connections": "/system/kingdee_cloud/pause",
        f"/batch/{one['batch_id']}": f"/batch/{one['batch_id']}/rollback",
        f"/person/{one['subject_ref']}": f"/person/{one['subject_ref']}/link",
    }  # fmt: skip
    for page, button in pages.items():
        assert f'action="/trivet{button}"' in console.get(page).text, page
        assert f'action="/trivet{button}"' not in console.get(page, "viewer").text, page


def test_systems_are_paused_and_asked(console: Console, world: World) -> None:
    """Under the person's name, too."""
    for verb, code in (("pause", "HELD"), ("resume", "RELEASED")):
        done = console.post(f"/system/kingdee_cloud/{verb}", data={**SURE, "reason": "upgrade"})
        assert done.status_code == 303
        assert events(world, code)[-1] == ("admin", "system kingdee_cloud")
    assert console.post("/system/nothing/pause", data={**SURE, "reason": "why"}).status_code == 503
    assert console.post("/settle", data=SURE).status_code == 303
    assert events(world, "SETTLE_ASKED")[-1][0] == "admin"


@pytest.mark.parametrize("action", acts.ACTIONS, ids=lambda action: action.path)
def test_who_may_only_view_may_not_act(console: Console, world: World, action: Any) -> None:
    """403 by role, and nothing happened; a foreign page gets no further either."""
    one = world.operations(state="confirmed")[0]
    path = action.path.format(
        flow=world.flow, system="kingdee_cloud", which=one["id"], batch_id=one["batch_id"], subject_ref=one["subject_ref"]
    )  # fmt: skip
    if "/case/" in path:
        path = path.replace(one["id"], "nothing")
    answer = console.post(path, "viewer", data={**SURE, "reason": "why"})
    assert answer.status_code == (404 if "/case/" in path else 403)
    assert (
        console.post(path, "admin", origin="http://evil.example", data={**SURE, "reason": "x"}).status_code
        == 403
    )


def test_a_foreign_sites_flow_does_not_exist(console: Console, world: World, asked: dict[str, Any]) -> None:
    """Neither its flow, nor its batch, nor its approval: 404, for every verb."""
    file = world.home / "mappings" / "sites" / "access.yaml"
    file.write_text(
        "# yaml-language-server: $schema=../../schemas/access.schema.json\napiVersion: trivet/v1\nkind: Access\n"
        "metadata: {name: access}\ngrants:\n"
        "  - {groups: [op], rights: [view, operate, approve], sites: [elsewhere]}\n",
        encoding="utf-8",
    )
    try:
        for path in (
            f"/flow/{world.flow}/hold", f"/batch/{asked['batch']}/rollback", f"/batch/{asked['batch']}/replay",
            f"/approval/{asked['approval']}/approve", "/settle",
        ):  # fmt: skip
            assert console.post(path, "op", data={**SURE, "reason": "why"}).status_code == 404, path
        assert console.get(f"/approval/{asked['approval']}", "op").status_code == 404
        assert asked["batch"] not in console.get("/approvals", "op").text
    finally:
        file.unlink()


def test_a_person_is_shown_before_she_is_taken_back(console: Console, world: World) -> None:
    """The preview lists it, the click takes it back, a second one finds nothing left."""
    one = world.operations(target="kingdee_cloud", state="confirmed")[0]
    path = f"/person/{one['subject_ref']}/rollback"
    assert one["reference"] in console.post(path).text
    assert console.post(path, data={**SURE, "reason": "asked for it"}).status_code == 303
    assert world.operations(target="kingdee_cloud", state="compensated")
    assert events(world, "ROLLED_BACK")[0][0] == "admin"


def test_an_approval_on_the_page(console: Console, world: World, asked: dict[str, Any]) -> None:
    """Seen, approved under the approver's name; the same click again says so, another person's answer is refused."""
    path = f"/approval/{asked['approval']}"
    page = console.get(path)
    assert page.status_code == 200
    assert asked["digest"] in page.text
    assert 'name="viewport"' in page.text
    assert not re.search(r"\bNone\b", said(page.text))
    assert asked["approval"] in console.get("/approvals").text
    assert events(world, "PERSONAL_DATA_OPENED")[-1] == ("admin", asked["approval"])
    form = {**SURE, "seen": asked["digest"], "note": "talked it over"}
    assert console.post(f"{path}/approve", "viewer", data=form).status_code == 403
    assert console.post(f"{path}/approve", data={**form, "seen": "older"}).status_code == 409
    for _ in range(2):
        assert console.post(f"{path}/approve", data=form).status_code == 303
    assert events(world, "APPROVAL_APPROVED") == [("admin", asked["approval"])]
    assert console.post(f"{path}/reject", "op", data=form).status_code == 409
    assert "approved" in console.get("/approvals").text


def test_a_question_links_its_runs_and_its_batch_the_question(
    console: Console, world: World, asked: dict[str, Any]
) -> None:
    """The run that asked, the run that waits for the answer, and back from that run's page to the question."""
    dag, name = f"approve__{world.flow}", asked["approval"]
    with world.hub() as hub, hub.ledger.begin() as tx:
        stored.note_run(tx, name, "asked", f"sync__{world.flow}", "scheduled__2026-11-23T02:00:00+00:00")
        stored.note_run(tx, name, "run", dag, name)
    page = console.get(f"/approval/{name}").text
    assert (
        f'href="/dags/sync__{world.flow}/runs/scheduled__2026-11-23T02%3A00%3A00%2B00%3A00" data-leaves'
        in page
    )
    assert f'href="/dags/{dag}/runs/{name}" data-leaves' in page
    assert f'href="/trivet/approval/{name}"' in console.get(f"/batch/{asked['batch']}").text
    assert console.get(f"/run?dag={dag}&run={name}").headers["location"].endswith(f"/approval/{name}")
    assert console.get(f"/dag?dag={dag}").headers["location"].endswith(f"/flow/{world.flow}")


def test_an_approval_says_it_in_chinese(console: Console, asked: dict[str, Any]) -> None:
    """No English word of ours is left on the pages of approvals."""
    for path in ("/approvals?lang=zh", f"/approval/{asked['approval']}?lang=zh"):
        html = console.get(path).text
        words = said(html[html.index("<main>") : html.index("</main>")])
        assert re.findall(r"[A-Za-z]{3,}", words) == []


def test_an_expired_approval_is_not_approved(console: Console, world: World, asked: dict[str, Any]) -> None:
    """409 with the cure, and nothing was sent."""
    before = len(world.operations(state="planned"))
    with sqlite3.connect(world.state / "ledger.db") as db:
        db.execute("UPDATE approval SET expires_at = '2020-01-01T00:00:00.000000Z' WHERE state = 'waiting'")
    answer = console.post(f"/approval/{asked['approval']}/approve", data={**SURE, "seen": asked["digest"]})
    assert answer.status_code == 409
    assert "the next run asks anew" in answer.text
    assert len(world.operations(state="planned")) == before


def options(answer: Any) -> dict[str, Any]:
    """What the page asks the device for."""
    found = re.search(r'data-options="([^"]*)"', answer.text)
    assert found is not None, answer.text
    return dict(json.loads(unescape(found[1])))


def registered(console: Console, name: str = "admin", vouches: SoftKey | None = None) -> SoftKey:
    """A device of that person's."""
    key = SoftKey(ORIGIN)
    page = console.post("/passkeys/register", name=name, data={**SURE, "title": "phone"})
    if vouches:
        form = {**SURE, "title": "phone", "credential": vouches.sign(options(page))}
        page = console.post("/passkeys/another", name=name, data=form)
    asked = options(page)
    assert asked["rp"]["id"] == "localhost"
    done = console.post(
        "/passkeys/registered", name=name, data={**SURE, "title": "phone", "credential": key.create(asked)}
    )
    assert done.status_code == 303, done.text
    return key


def test_a_passkey_signs_exactly_what_was_seen_and_once(
    console: Console, world: World, asked: dict[str, Any]
) -> None:
    """Registered, asked, signed, approved with the device named; the same answer does not count twice."""
    with sqlite3.connect(world.state / "ledger.db") as db:
        db.execute("UPDATE approval SET passkey = 1 WHERE id = ?", (asked["approval"],))
    path, form = f"/approval/{asked['approval']}", {**SURE, "seen": asked["digest"]}
    assert "PASSKEY_MISSING" in console.post(f"{path}/sign", data=form).text
    key = registered(console)
    assert "phone" in console.get("/approvals").text
    refused = console.post(f"{path}/approve", data=form)
    assert (refused.status_code, "signed with your passkey" in refused.text) == (409, True)

    page = console.post(f"{path}/sign", data=form)
    policy = page.headers["content-security-policy"]
    assert re.search(r'<script nonce="([^"]+)" src="/trivet/passkey.js">', page.text)[1] in policy  # type: ignore[index]
    assert "connect-src" not in policy
    challenge = options(page)
    assert console.get("/passkey.js").headers["content-type"].startswith("text/javascript")

    def signed(answer: str, **more: str) -> Any:
        return console.post(f"{path}/signed", data={**form, "credential": answer, **more})

    # somebody else's device, another page's origin, a device that checked nobody, another approval's content: each used up
    bent = SoftKey("http://evil.example")
    bent.id, bent._key = key.id, key._key
    for wrong in (SoftKey(ORIGIN), bent):
        assert "PASSKEY_REFUSED" in signed(wrong.sign(challenge)).text
        challenge = options(console.post(f"{path}/sign", data=form))
    key.flags = PRESENT
    assert "PASSKEY_REFUSED" in signed(key.sign(challenge)).text
    key.flags = SoftKey(ORIGIN).flags
    challenge = options(console.post(f"{path}/sign", data=form))
    assert "PASSKEY_EXPIRED" in signed(key.sign(challenge), seen="something else").text
    assert "PASSKEY_REFUSED" in signed("no json").text
    assert "PASSKEY_EXPIRED" in console.post(
        f"{path}/signed", "op", data={**form, "credential": key.sign(challenge)}
    ).text  # fmt: skip

    answer = key.sign(challenge)
    assert signed(answer).status_code == 303
    assert "PASSKEY_EXPIRED" in signed(answer).text
    with world.hub() as hub:
        told = approvals.shown(hub, asked["approval"])
    assert (told["state"], told["decided_by"], told["how"]) == ("approved", "admin", "passkey")
    assert "(passkey " in told["note"]


def test_a_stolen_login_registers_no_further_device(console: Console, world: World) -> None:
    """One that the person has vouches for it; who lost the last one is set free by somebody else, never by herself."""

    def refused(path: str, name: str, **form: str) -> str:
        answer = console.post(path, name=name, data={**SURE, **form})
        assert answer.status_code == 409, answer.text
        return str(answer.text)

    first = registered(console, "mei")
    page = console.post("/passkeys/register", name="mei", data=SURE)
    assert 'data-does="get"' in page.text
    assert "PASSKEY_REFUSED" in refused("/passkeys/another", "mei")
    assert "PASSKEY_REFUSED" in refused(
        "/passkeys/another", "mei", credential=SoftKey(ORIGIN).sign(options(page))
    )
    second = registered(console, "mei", vouches=first)
    with world.hub() as hub:
        assert len(passkeys.owned(hub, "mei")) == 2
        for known in passkeys.owned(hub, "mei"):
            passkeys.forget(hub, "mei", known.id, actor="mei")
    assert "PASSKEY_LOST" in refused("/passkeys/register", "mei")
    assert "PASSKEY_LOST" in refused("/passkeys/another", "mei", credential=second.sign(options(page)))
    assert "APPROVAL_SAME_PERSON" in refused("/passkeys/reset", "mei", person=" Mei")
    assert console.post("/passkeys/reset", "viewer", data={**SURE, "person": "mei"}).status_code == 403
    assert console.post("/passkeys/reset", name="bea", data={**SURE, "person": "mei"}).status_code == 303
    assert events(world, "PASSKEY_RESET") == [("bea", "mei")]
    registered(console, "mei")
