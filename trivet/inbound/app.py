"""The addresses that vendors call.

    POST /in/<connection>          an event of the HR system behind that connection
    *    /assess/<connection>/…    a call of the HR system that orders assessments, in its own words
    GET  /health                   whether the ledger can be read
    GET  /metrics                  the ledger in numbers; see `trivet.inbound.metrics`

An event or an order is proven by the connector, stored, and only then answered. Who cannot prove to be the vendor learns
nothing but a code; what went wrong is in our log, without a word of the body.
"""

import logging
from collections.abc import Callable
from datetime import UTC
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from trivet.contract import AssessmentsConnector, InboundConnector
from trivet.errors import AuthFailed, ConfigError, LedgerError, Rejected
from trivet.flow import orders
from trivet.flow.hub import Hub
from trivet.inbound import described
from trivet.inbound.metrics import metrics_router
from trivet.ledger import inbox
from trivet.model import Call
from trivet.registry import offers

log = logging.getLogger(__name__)
MAX_BODY = 1024 * 1024
"""Bytes of a call; the vendors' events are a few thousand."""
AGAIN_SECONDS = 30
WITH_BODY = ("POST", "PUT", "PATCH")
METHODS = ("GET", "DELETE", *WITH_BODY)


def create_app(hub: Hub, on_events: Callable[[], None] = lambda: None) -> FastAPI:
    """The application; `on_events` is called after new events were stored."""
    app = FastAPI(title="Trivet", docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/in/{connection}", responses=described.EVENT, openapi_extra=described.BODY)
    async def receive(connection: str, request: Request) -> JSONResponse:
        body = await _body(request)
        if body is None:
            return JSONResponse({"error": "BODY_TOO_LARGE"}, 413, {"Connection": "close"})
        call = _call(hub, request, body)
        return await run_in_threadpool(_answered, hub, connection, call, on_events)

    async def assess(connection: str, path: str, request: Request) -> JSONResponse:
        body = await _body(request)
        if body is None:
            return JSONResponse({"error": "BODY_TOO_LARGE"}, 413, {"Connection": "close"})
        call = _call(hub, request, body, path)
        return await run_in_threadpool(_ordered, hub, connection, call, on_events)

    for method in METHODS:
        app.add_api_route(
            "/assess/{connection}/{path:path}", assess, methods=[method], operation_id=f"assess_{method.lower()}",
            responses=described.ORDER, openapi_extra=described.BODY if method in WITH_BODY else None,
        )  # fmt: skip

    @app.get("/health", responses=described.HEALTH)
    def health() -> JSONResponse:
        try:
            with hub.ledger.read() as tx:
                waiting = sum(inbox.waiting(tx).values())
        except LedgerError as error:
            return JSONResponse({"ok": False, "error": error.code}, 503)
        return JSONResponse({"ok": True, "events_waiting": waiting})

    app.include_router(metrics_router(hub))
    return app


def _call(hub: Hub, request: Request, body: bytes, path: str = "") -> Call:
    at = hub.now().astimezone(UTC)
    return Call(dict(request.headers), body, at, request.method, path, dict(request.query_params))


async def _body(request: Request) -> bytes | None:
    """The whole body; None where it is larger than it may be, told before it is read where the caller says so."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_BODY:
        return None
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            return None
        parts.append(part)
    return b"".join(parts)


def _answered(hub: Hub, connection: str, call: Call, on_events: Callable[[], None]) -> JSONResponse:
    try:
        known = hub.connections(connection)
        if not offers(InboundConnector, known.connector):
            raise ConfigError(f"{known.connector} takes no events", code="CONNECTOR_UNKNOWN")
        with hub.built(InboundConnector, connection) as inbound:
            heard = inbound.hear(call)
    except ConfigError as error:
        return _refused(404, "NOT_FOUND", connection, error)
    except AuthFailed as error:
        return _refused(401, error.vendor_code or "WEBHOOK_SIGNATURE", connection, error)
    except Rejected as error:
        return _refused(400, error.vendor_code or "EVENT_MALFORMED", connection, error)
    try:
        # whichever of the two comes to nothing, the vendor sends both again, and neither counts twice
        fresh = orders.take(hub, connection, heard.orders)
        with hub.ledger.begin() as tx:
            fresh += inbox.put(tx, connection, heard.events)
    except (ConfigError, LedgerError) as error:
        return _again(connection, error)
    for event in heard.events:
        log.info("%s %s%s", connection, inbox.word(event.kind), "" if fresh else " (again)")
    if fresh:
        on_events()
    return JSONResponse(heard.answer)


def _ordered(hub: Hub, connection: str, call: Call, on_events: Callable[[], None]) -> JSONResponse:
    try:
        known = hub.connections(connection)
        if not offers(AssessmentsConnector, known.connector):
            raise ConfigError(f"{known.connector} orders no assessments", code="CONNECTOR_UNKNOWN")
        opened = hub.built(AssessmentsConnector, connection)
    except ConfigError as error:
        return _refused(404, "NOT_FOUND", connection, error)
    try:
        with opened as dialect:
            said, fresh = orders.answered(hub, connection, dialect, call)
    except (ConfigError, LedgerError) as error:
        return _again(connection, error)
    if fresh:
        on_events()
    return JSONResponse(said.body, said.status, dict(said.headers))


def _again(connection: str, error: Any) -> JSONResponse:
    """Not stored is not answered with success: the vendor comes again."""
    return _refused(503, "TRY_AGAIN", connection, error, {"Retry-After": str(AGAIN_SECONDS)})


def _refused(
    status: int, code: str, connection: str, error: Any, headers: dict[str, str] | None = None
) -> JSONResponse:
    log.warning("%r refused with %s: %s", connection[:100], status, error)
    return JSONResponse({"error": code}, status, headers)
