"""An approval signed by a device, in a real browser with Chromium's own virtual authenticator, on a phone's screen."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from browser.conftest import Site
from sqlalchemy import select

from trivet.flow.definition import ApprovalPolicy
from trivet.flow.gates import approvals
from trivet.flow.gates.asking import ask
from trivet.ledger import batches, gates
from trivet.ledger.tables import batch, operation

pytestmark = pytest.mark.airflow


@pytest.fixture
def asked(site: Site) -> str:
    """An approval that wants a passkey; its id."""
    with site.world.hub() as hub:
        flow = hub.flow(site.world.flow)
        strict = replace(flow, policy=replace(flow.policy, approval=ApprovalPolicy(passkey=True)))
        with hub.ledger.begin() as tx:
            ours = select(operation.c.id, operation.c.batch_id).join(
                batch, batch.c.id == operation.c.batch_id
            )
            rows = tx.conn.execute(ours.where(batch.c.id == site.batch).limit(3)).all()
            for row in rows:
                tx.conn.execute(operation.update().where(operation.c.id == row.id).values(state="planned"))
            gates.put(tx, {row.id: "sensitive" for row in rows})
            known = batches.get(tx, site.batch)
        opened = ask(hub, strict, known)
        assert opened is not None
        return opened.id


@contextmanager
def phone(browser: Any, site: Site) -> Iterator[Any]:
    """A phone with a fingerprint reader, signed in."""
    context = browser.new_context(viewport={"width": 390, "height": 780}, locale="zh-CN")
    host = urlsplit(site.address)
    context.add_cookies(
        [{"name": "_token", "value": site.token("admin"), "domain": host.hostname, "path": "/"}]
    )
    page = context.new_page()
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True}})  # fmt: skip
    yield page
    context.close()


def test_a_phone_is_registered_and_signs(browser: Any, site: Site, shots: Path, asked: str) -> None:
    """Register, look, sign with the finger; the ledger says who approved, and how."""
    with phone(browser, site) as page:
        page.goto(f"{site.address}/trivet/approvals")
        page.screenshot(path=str(shots / "approvals-phone.png"), full_page=True)
        page.locator("form[action$='/passkeys/register'] button").click()
        page.locator("input[name=title]").fill("手机")
        page.locator("main form button").click()
        page.locator("#passkey button").click()
        page.wait_for_url("**/trivet/approvals?said=*")
        assert "手机" in page.content()

        page.goto(f"{site.address}/trivet/approval/{asked}")
        page.screenshot(path=str(shots / "approval-phone.png"), full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide
        page.locator("form[action$='/sign'] button").click()
        page.locator("main form button").first.click()
        page.screenshot(path=str(shots / "passkey-phone.png"), full_page=True)
        page.locator("#passkey button").click()
        page.wait_for_url("**/trivet/approvals?said=*")
    with site.world.hub() as hub:
        told = approvals.shown(hub, asked)
    assert (told["state"], told["how"]) == ("approved", "passkey")
