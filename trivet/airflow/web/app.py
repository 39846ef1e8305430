"""The app that Airflow mounts: every route asks for a login, every write for our own origin, every error is a page.

Both rules are the app's, so that a new route cannot forget them. FastAPI's own pages (docs, OpenAPI) know no such rules and
are off.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from airflow.api_fastapi.core_api.security import requires_authenticated
from airflow.configuration import conf
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import Response

from trivet.airflow.web import (
    acts,
    agreement,
    approvals,
    audit,
    batch,
    cases,
    connections,
    deliveries,
    mappings,
    overview,
    person,
)
from trivet.airflow.web.deployment import deployments
from trivet.airflow.web.visit import place_of
from trivet.errors import ConfigError, TrivetError

ROOMS = (overview, deliveries, person, cases, mappings, connections, agreement, audit, batch, acts, approvals)
"""Modules with a `router`."""


def same_origin(request: Request) -> None:
    """Refuse a write that another site's page makes with our cookie; Airflow has no token against that."""
    # a foreign page's form cannot set the Authorization header
    if request.method in {"GET", "HEAD", "OPTIONS"} or request.headers.get("authorization"):
        return
    own = urlsplit(conf.get("api", "base_url") or "")
    if request.headers.get("origin") != f"{own.scheme}://{own.netloc}":
        raise HTTPException(403, "cross-origin write refused")


@asynccontextmanager
async def _closing(_: FastAPI) -> AsyncIterator[None]:
    yield
    deployments.close()


app = FastAPI(
    title="Trivet",
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
    lifespan=_closing,
    dependencies=[Depends(requires_authenticated()), Depends(same_origin)],
)
for room in ROOMS:
    app.include_router(room.router)


@app.exception_handler(TrivetError)
def trouble(request: Request, error: TrivetError) -> Response:
    """What is wrong, and the cure: 404 for what does not exist here, 503 where the deployment is broken, 409 otherwise."""
    broken = isinstance(error, ConfigError) or error.code.startswith("LEDGER_")
    status = 404 if error.code.endswith("_UNKNOWN") else 503 if broken else 409
    place = place_of(request)
    if status == 404:
        return place.page("problem.html", "Not found", status=404, error=None)
    return place.page("problem.html", "This page cannot be shown", status=status, error=error)


@app.exception_handler(HTTPException)
def refusal(request: Request, error: HTTPException) -> Response:
    """A refused visitor sees a page, too; it says no more than that."""
    title = {401: "Please log in", 403: "Not allowed", 404: "Not found"}.get(error.status_code, "Refused")
    return place_of(request).page("problem.html", title, status=error.status_code, error=None)
