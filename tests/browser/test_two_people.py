"""A rollback in production by two people, each with her own browser: one asks at a desk, the other approves on a phone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from browser.conftest import Site
from sqlalchemy import update

from trivet.ledger.tables import batch

pytestmark = pytest.mark.airflow
PHONE, DESK = (390, 780), (1280, 900)


@contextmanager
def signed_in(browser: Any, site: Site, user: str, size: tuple[int, int]) -> Iterator[Any]:
    """That person's browser."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="en-GB")
    host = urlsplit(site.address).hostname
    context.add_cookies([{"name": "_token", "value": site.token(user), "domain": host, "path": "/"}])
    yield context.new_page()
    context.close()


@pytest.fixture
def production(site: Site) -> Iterator[None]:
    """The night's batch counts as production."""

    def say(environment: str) -> None:
        with site.world.hub() as hub, hub.ledger.begin() as tx:
            tx.conn.execute(update(batch).where(batch.c.id == site.batch).values(environment=environment))

    say("production")
    yield
    say("sandbox")


def states(site: Site) -> set[str]:
    """Of what was delivered of the person."""
    return {entry["state"] for entry in site.world.operations() if entry["subject_ref"] == site.person}


def test_one_asks_at_a_desk_and_another_approves_on_a_phone(
    browser: Any, site: Site, shots: Path, production: None
) -> None:
    """The asker's own page has no button to approve; after the other's click everything is taken back, under both names."""
    del production
    with signed_in(browser, site, "hr", DESK) as page:
        page.goto(f"{site.address}/trivet/person/{site.person}")
        page.locator("form[action$='/rollback'] button").click()
        page.locator("textarea[name=reason]").fill("delivered to the wrong person")
        page.screenshot(path=str(shots / "rollback-asked.png"), full_page=True)
        page.locator("main form button.danger").click()
        page.wait_for_url("**/trivet/approval/*")
        asked = page.url.partition("?")[0]
        assert "You asked for it" in page.content()
        assert page.locator("form[action$='/approve']").count() == 0
    assert "compensated" not in states(site)
    with signed_in(browser, site, "admin", PHONE) as page:
        page.goto(f"{site.address}/trivet/approvals")
        page.locator("a.button").first.click()
        assert page.url.partition("?")[0] == asked
        assert "delivered to the wrong person" in page.content()
        page.screenshot(path=str(shots / "rollback-approval-phone.png"), full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide
        page.locator("form[action$='/approve'] button").click()
        page.locator("main form button").first.click()
        page.wait_for_url("**/trivet/approval/*said=*")
        assert "Approved, and done" in page.content()
    assert "confirmed" not in states(site)
    assert "compensated" in states(site)
