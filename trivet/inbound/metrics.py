"""GET /metrics of `trivet serve`: for a scraper on this machine, or with the token of `TRIVET_METRICS_TOKEN`
(or of the file in `TRIVET_METRICS_TOKEN_FILE`).

A proxy that stands on this machine calls from loopback as well: what it passes on needs the token.
"""

import hmac
import logging
import os
from collections.abc import Mapping
from ipaddress import ip_address
from threading import Lock

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from trivet.errors import LedgerError
from trivet.flow.hub import Hub
from trivet.flow.metrics import Metrics
from trivet.inbound.described import METRICS
from trivet.settings import secret

log = logging.getLogger(__name__)
TOKEN = "TRIVET_METRICS_TOKEN"  # noqa: S105 - its name
_PASSED_ON = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def metrics_router(hub: Hub, environ: Mapping[str, str] = os.environ) -> APIRouter:
    """The route."""
    router = APIRouter()
    metrics, alone, token = Metrics(hub), Lock(), secret(environ, TOKEN)

    @router.get("/metrics", responses=METRICS, response_class=PlainTextResponse)
    def show(request: Request) -> PlainTextResponse:
        if not _may(request, token):
            return PlainTextResponse("METRICS_REFUSED\n", 401)
        try:
            with alone:
                text = metrics.text()
        except LedgerError as error:
            log.warning("metrics: %s", error)
            return PlainTextResponse(f"{error.code}\n", 503)
        return PlainTextResponse(text, media_type=CONTENT_TYPE_LATEST)

    return router


def _may(request: Request, token: str) -> bool:
    said = request.headers.get("authorization", "")
    if token and hmac.compare_digest(said.encode(), f"Bearer {token}".encode()):
        return True
    caller = request.client.host if request.client else ""
    return _is_loopback(caller) and not said and not any(name in request.headers for name in _PASSED_ON)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
