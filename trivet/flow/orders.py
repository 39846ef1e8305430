"""Answers an HR system that orders assessments: what can be ordered, an order, its status, its end.

An order is stored before the vendor is answered. What it comes to is another step's work (`trivet.flow.results`); here it is
read from the ledger.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from trivet.contract import Assessments, AssessmentsConnector
from trivet.delivery.waiting import cancel_waiting
from trivet.errors import AuthFailed, ConfigError, Rejected
from trivet.flow.definition import Flow, flow_files, load_flow
from trivet.flow.hub import Hub
from trivet.ledger import cases, inbox, operations, orders
from trivet.ledger.cases import NewCase
from trivet.ledger.orders import StoredOrder
from trivet.ledger.tables import operation
from trivet.model import Call, Event, PlaceOrder
from trivet.ordering import (
    Answer,
    Asked,
    AskStatus,
    CancelOrder,
    Complain,
    ListPackages,
    Noted,
    Offered,
    Package,
    Placed,
    Refused,
    Said,
    Standing,
)
from trivet.registry import offers

log = logging.getLogger(__name__)
COMPLAINT = "ORDER_COMPLAINT"
UNKNOWN_PACKAGE = "ORDER_PACKAGE"
CALL_UNKNOWN = "CALL_UNKNOWN"
"""The code by which a dialect says that it knows no such call."""
_ADDRESS = re.compile(r"[^\s\"'<>,;]+@[^\s\"'<>,;]+")
_SAID = 300


def scope_of(order_id: str) -> str:
    """What the operations about an order belong to."""
    return f"order|{order_id}"


def answered(hub: Hub, connection: str, dialect: Assessments, call: Call) -> tuple[Said, bool]:
    """The answer in the vendor's words, and whether something new was ordered.

    `ConfigError` where a flow that takes this connection's orders cannot be read: the vendor has to come again.
    """
    try:
        asked = dialect.hear(call)
    except AuthFailed as error:
        log.warning("%s", error)
        return dialect.say(Refused("unauthorised")), False
    except Rejected as error:
        log.warning("%s", error)
        unknown = error.vendor_code == CALL_UNKNOWN
        return dialect.say(Refused("unknown_call" if unknown else "malformed")), False
    answer, fresh = _answer(hub, connection, asked)
    log.info("%s %s: %s", connection, type(asked).__name__, type(answer).__name__)
    return dialect.say(answer), fresh


def take(hub: Hub, connection: str, told: Sequence[PlaceOrder]) -> int:
    """How many of the orders that an event told are new; one that cannot be taken is a case."""
    fresh = 0
    flows = takers(hub, connection) if told else []
    for asked in told if flows else ():
        answer, new = _place(hub, flows, connection, asked)
        fresh += new
        if isinstance(answer, Refused):
            package = str(asked.document.get("package_id"))[:100]
            code = UNKNOWN_PACKAGE if answer.why == "unknown_package" else "ORDER_MALFORMED"
            said = f"an assessment of package {package!r} was ordered, and cannot be taken ({answer.why})"
            _open_once(hub, NewCase(flows[0].tenant, code, said, target=connection))
    return fresh


def takers(hub: Hub, connection: str) -> list[Flow]:
    """The flows that take this connection's orders."""
    home = hub.settings.home
    known = [load_flow(home, file.stem) for file in flow_files(home)]
    return [hub.flow(flow.name) for flow in known if flow.orders and flow.orders.connection == connection]


def ordered_through(hub: Hub) -> list[str]:
    """The addresses below ours that vendors call to order; those of flows that can be read and have their connection."""
    found: dict[str, None] = {}
    for file in flow_files(hub.settings.home):
        try:
            taken = load_flow(hub.settings.home, file.stem).orders
            if taken and offers(AssessmentsConnector, hub.connections(taken.connection).connector):
                found[f"assess/{taken.connection}/"] = None
        except ConfigError as error:
            log.warning("no assessments are ordered through %s: %s", file.stem, error.explained())
    return list(found)


def listed(hub: Hub, status: str | None, limit: int) -> list[dict[str, Any]]:
    """The newest orders with their age in days and the states of what was sent about them; nobody's name."""
    with hub.ledger.read() as tx:
        found = orders.recent(tx, status, limit)
        scopes = [scope_of(entry.id) for entry in found]
        sent: dict[str, list[str]] = {}
        for entry in operations.find(tx, operation.c.scope.in_(scopes)):
            sent.setdefault(entry.scope or "", []).append(f"{entry.entity} {entry.state}")
    now = hub.now()
    return [
        {
            "order": entry.id,
            "connection": entry.connection,
            "package": entry.package_id,
            "status": entry.status,
            "ordered_at": entry.ordered_at,
            "days": (now - datetime.fromisoformat(entry.ordered_at)).days,
            "application": entry.application_id,
            "sent": sent.get(scope_of(entry.id), []),
        }
        for entry in found
    ]


def _answer(hub: Hub, connection: str, asked: Asked) -> tuple[Answer, bool]:
    match asked:
        case ListPackages():
            return Offered(tuple(_packages(takers(hub, connection)))), False
        case PlaceOrder():
            return _place(hub, takers(hub, connection), connection, asked)
        case AskStatus():
            known = _known(hub, connection, asked.order)
            return (_standing(known, known.status) if known else Refused("unknown_order")), False
        case CancelOrder():
            return _cancelled(hub, connection, asked.order), False
        case Complain():
            return _noted(hub, connection, asked), False


def _packages(flows: Sequence[Flow]) -> Iterator[Package]:
    """What the flows offer, each package once."""
    offered: dict[str, Package] = {}
    for flow in flows:
        for package in flow.orders.packages if flow.orders else ():
            offered.setdefault(package.id, package)
    yield from offered.values()


def _place(hub: Hub, flows: Sequence[Flow], connection: str, asked: PlaceOrder) -> tuple[Answer, bool]:
    said = asked.document
    with hub.ledger.begin() as tx:
        # what the hub says itself is judged with it
        whole = {**said, "id": "order", "system": connection, "status": "open", "ordered_at": tx.stamp}
        broken = hub.contracts.check("assessment_order", whole)
        if broken:
            log.warning("%s: an order is refused: %s", connection, broken[0])
            return Refused("malformed"), False
        flow = next((f for f in flows if any(p.id == said["package_id"] for p in _packages([f]))), None)
        if flow is None:
            return Refused("unknown_package"), False
        order_id, fresh = orders.place(tx, flow.tenant, connection, asked.key, said, anew=asked.anew)
        if fresh:
            # the flow is started for whom the order is about, as by any other event of the HR system
            about = tuple(sorted(said["references"].items()))
            inbox.put(tx, flow.inflows[0].connection, [Event(order_id, "assessment ordered", about=about)])
    return Placed(order_id), fresh


def _known(hub: Hub, connection: str, order_id: str) -> StoredOrder | None:
    with hub.ledger.read() as tx:
        return orders.get(tx, connection, order_id)


def _standing(known: StoredOrder, status: str) -> Standing:
    result = known.result if status == "completed" else None
    return Standing(known.id, status, result)  # type: ignore[arg-type]


def _cancelled(hub: Hub, connection: str, order_id: str) -> Answer:
    with hub.ledger.begin() as tx:
        known = orders.get(tx, connection, order_id)
        status = orders.cancel(tx, known) if known else ""
    if known is None:
        return Refused("unknown_order")
    if status == orders.CANCELLED:
        reason = "ORDER_CANCELLED"
        cancel_waiting(hub.ledger, tenant=known.tenant, scopes=[scope_of(order_id)], reason=reason)
    return _standing(known, status)


def _noted(hub: Hub, connection: str, asked: Complain) -> Answer:
    flows = takers(hub, connection)
    known = _known(hub, connection, asked.order) if asked.order else None
    about = f" of order {known.id}" if known else ""
    # whose order it is stands in the ledger; an address that the vendor quotes must not stand beside it
    said = _ADDRESS.sub("(address)", " ".join("; ".join(asked.said).split()))[:_SAID]
    tenant = known.tenant if known else flows[0].tenant if flows else ""
    text = f"{connection} could not read our answer to {asked.about[:60]}{about}: {said}"
    subject = known.subject_ref if known else None
    _open_once(hub, NewCase(tenant, COMPLAINT, text, target=connection, subject_ref=subject))
    return Noted()


def _open_once(hub: Hub, new: NewCase) -> None:
    """A case, unless one with these words is open: a vendor complains again and again."""
    with hub.ledger.begin() as tx:
        if not any(entry.message == new.message for entry in cases.find(tx, tenant=new.tenant)):
            cases.open_many(tx, [new])
