"""Trivet's pages in the Airflow UI: batches, what became of each, deliveries. They look and change nothing.

Every route needs a login, and every write would need our own origin: both are rules of the app, so that a new
route cannot forget them. FastAPI's own pages (docs, OpenAPI) know no such rules and are off.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from airflow.api_fastapi.core_api.security import requires_authenticated
from airflow.configuration import conf
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse

from trivet.airflow import pages
from trivet.errors import TrivetError

if TYPE_CHECKING:
    from trivet.flow.hub import Hub

MOST_BATCHES, MOST_ROWS = 50, 1000


def same_origin(request: Request) -> None:
    """Refuse a write that another site's page makes with our cookie; Airflow has no token against that."""
    # a foreign page's form cannot set the Authorization header
    if request.method in {"GET", "HEAD", "OPTIONS"} or request.headers.get("authorization"):
        return
    own = urlsplit(conf.get("api", "base_url") or "")
    if request.headers.get("origin") != f"{own.scheme}://{own.netloc}":
        raise HTTPException(403, "cross-origin write refused")


app = FastAPI(
    title="Trivet",
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
    dependencies=[Depends(requires_authenticated()), Depends(same_origin)],
)

View = Callable[[pages.Pages, "Hub"], pages.Html]


@app.get("/", response_class=HTMLResponse)
def batches(request: Request) -> HTMLResponse:
    """The latest batches of all flows."""

    def view(page: pages.Pages, hub: "Hub") -> pages.Html:
        from trivet.flow import report

        return page.batches(report.batches(hub, MOST_BATCHES))

    return _answer(request, "batches", view)


@app.get("/batch/{batch_id}", response_class=HTMLResponse)
def batch(request: Request, batch_id: str) -> HTMLResponse:
    """One batch: per system what became of it, and what was set aside with the reason."""

    def view(page: pages.Pages, hub: "Hub") -> pages.Html:
        from trivet.flow import report

        return page.batch(batch_id, report.summary(hub, batch_id))

    return _answer(request, "batch", view)


@app.get("/deliveries", response_class=HTMLResponse)
def deliveries(
    request: Request,
    state: str = "",
    system: str = "",
    batch_id: Annotated[str, Query(alias="batch")] = "",
) -> HTMLResponse:
    """Operations, newest first."""
    chosen = {"state": state or None, "target": system or None, "batch_id": batch_id or None}

    def view(page: pages.Pages, hub: "Hub") -> pages.Html:
        from trivet.flow import report

        return page.deliveries(report.deliveries(hub, **chosen, limit=MOST_ROWS), chosen)

    return _answer(request, "deliveries", view)


def _answer(request: Request, title: str, content: View) -> HTMLResponse:
    """The page around what `content` makes of the report; a wrong deployment is told on the page."""
    language = pages.language_of(request.headers.get("accept-language", ""))
    view = pages.Pages(language, request.scope.get("root_path", ""))
    status = 200
    try:
        with _hub() as hub:
            inner = content(view, hub)
    except TrivetError as error:
        inner, status = view.problem(error.explained()), 503
    nonce = secrets.token_urlsafe(16)
    return HTMLResponse(
        view.page(title, inner, nonce),
        status_code=status,
        headers={
            "Content-Language": language,
            "Vary": "Accept-Language",
            "Cache-Control": "no-store",
            # a script could read airflow's cookie on plain HTTP: here none runs at all
            "Content-Security-Policy": f"default-src 'none'; style-src 'nonce-{nonce}'; "
            "form-action 'self'; frame-ancestors 'self'; base-uri 'none'",
        },
    )


@contextmanager
def _hub() -> Iterator["Hub"]:
    # imported here, as the reports are, because every Airflow process imports the plugin
    from trivet.connections import stored_connections
    from trivet.flow.hub import open_hub
    from trivet.settings import load_settings

    settings = load_settings()
    with open_hub(settings, stored_connections(settings.connections)) as hub:
        yield hub
