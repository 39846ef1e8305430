"""The console in a real browser: every page, both languages, light and dark, on a desk, on a phone, inside Airflow."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from browser.conftest import Site

pytestmark = pytest.mark.airflow
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
LOOKS = (("en", "light", DESK), ("zh", "dark", DESK), ("zh", "light", PHONE), ("en", "dark", PHONE))
_UNTRANSLATED = """() => {
  const clone = document.body.cloneNode(true);
  clone.querySelectorAll('[translate=no],script,style').forEach(element => element.remove());
  return clone.textContent;
}"""
LONG = {"audit", "deliveries", "trouble", "cases"}
ALLOWED = {"AI", "CSV", "ERP", "HR", "Airflow", "Kappa", "TRIVET_ANCHORS", "Trivet"}


def pages(site: Site) -> dict[str, str]:
    """Name and address of every page."""
    return {
        "overview": "/", "flow": "/flow/nightly_interviews", "deliveries": "/deliveries", "trouble": "/deliveries?state=trouble",
        "batch": f"/batch/{site.batch}", "find": "/person", "person": f"/person/{site.person}",
        "delivery": f"/delivery/{site.delivery}", "cases": "/cases", "mappings": "/mappings", "checks": "/mappings/check",
        "preview": "/mappings/preview", "connections": "/connections", "agreement": "/agreement", "audit": "/audit",
        "approvals": "/approvals", "missing": "/batch/none",
    }  # fmt: skip


@contextmanager
def visiting(browser: Any, site: Site, user: str = "admin", **how: Any) -> Iterator[Any]:
    """A page of a logged-in user's browser; what it complains about fails the test."""
    context = browser.new_context(**how)
    context.add_cookies([{"name": "_token", "value": site.token(user), "url": site.address}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}") or dialog.dismiss())
    yield page
    context.close()
    assert [said for said in complaints if "404" not in said and "favicon" not in said] == []


@pytest.mark.parametrize(("language", "scheme", "size"), LOOKS)
def test_every_page_is_fit_to_be_seen(
    browser: Any, site: Site, shots: Path, language: str, scheme: str, size: dict[str, int]
) -> None:
    """No page is wider than its window, no Chinese page has an English word, no hostile name runs."""
    where = "phone" if size is PHONE else "desk"
    with visiting(browser, site, viewport=size, color_scheme=scheme) as page:
        page.goto(f"{site.address}/trivet/?lang={language}")
        for name, path in pages(site).items():
            page.goto(f"{site.address}/trivet{path}")
            page.screenshot(
                path=shots / f"{name}.{where}.{language}.{scheme}.png", full_page=name not in LONG
            )
            wide = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert wide <= 0, f"{name} is {wide} px too wide"
            if language == "zh":
                words = set(re.findall(r"[A-Za-z_]{2,}", page.evaluate(_UNTRANSLATED)))
                assert words <= ALLOWED, f"{name}: {words - ALLOWED}"


def test_it_works_inside_airflow(browser: Any, site: Site, shots: Path) -> None:
    """Links, forms and confirming pages work in Airflow's frame, and the link to the run leaves it."""
    with visiting(browser, site, viewport=DESK) as page:
        page.goto(f"{site.address}/plugin/trivet")
        frame = page.frame_locator("iframe")
        frame.locator("h1").wait_for()
        frame.get_by_role("link", name="Person").click()
        frame.locator("input[name=who]").fill(site.person)
        frame.get_by_role("button", name="Find").click()
        frame.locator("ol.line").wait_for()
        page.screenshot(path=shots / "person.in-airflow.png")
        frame.get_by_role("link", name="Connections").click()
        card = frame.locator("section", has_text="kingdee_cloud")
        card.get_by_role("button", name="Ask whether it answers").click()
        frame.locator("h1", has_text="Ask whether it answers").wait_for()
        page.screenshot(path=shots / "confirm.in-airflow.png")
        frame.get_by_role("button", name="Ask whether it answers").click()
        frame.get_by_text("answers", exact=True).wait_for()
        frame.get_by_role("link", name="Overview").click()
        frame.locator(f'a[href$="{site.batch}"]').first.click()
        frame.locator("a[data-leaves]").click()
        page.wait_for_url("**/dags/sync__nightly_interviews/runs/test**")


def test_figures_are_counted_and_drawn(browser: Any, site: Site, shots: Path) -> None:
    """Somebody has the figures of agreement counted; from then on the page shows them at once."""
    with visiting(browser, site, viewport=DESK) as page:
        page.goto(f"{site.address}/trivet/agreement?flow=nightly_interviews")
        page.get_by_role("button", name="Count anew").click()
        page.get_by_role("button", name="Count anew").click()
        page.get_by_text("The figures were counted anew.").wait_for()
        assert page.locator("svg").count() > 0
        page.screenshot(path=shots / "agreement.counted.png", full_page=True)


def test_a_viewer_sees_no_name_and_no_button(browser: Any, site: Site, shots: Path) -> None:
    """Without the right to personal data a person is a pseudonym, her documents are masked, and nothing can be pressed."""
    with visiting(browser, site, "viewer", viewport=PHONE) as page:
        page.goto(f"{site.address}/trivet/person/{site.person}")
        text = page.locator("main").text_content()
        assert "no names, ids or documents" in text
        assert "@" not in text
        page.screenshot(path=shots / "person.viewer.png", full_page=True)
        page.goto(f"{site.address}/trivet/connections")
        assert page.locator("main button").count() == 0
