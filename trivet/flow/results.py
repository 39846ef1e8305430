"""What becomes of ordered assessments: each order finds its application, and the HR system is told what the hub knows of it.

    order ─► application, by what was pulled      ─► taken (`arrange`), where the vendor wants to hear that
                                                  ─► result, as soon as the application has an assessment

A result is in the ledger, where the vendor asks for it, before an operation that tells of it can leave. Nothing here stands or
falls with what goes to an ERP.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from trivet.delivery.plan import Planned, Wanted, plan
from trivet.delivery.waiting import cancel_waiting
from trivet.flow.cases import ApplicationCase, gather, touched
from trivet.flow.definition import Flow, Ordering
from trivet.flow.gates.gating import gated
from trivet.flow.gone import mapped
from trivet.flow.hub import Hub
from trivet.flow.identity import CANDIDATE
from trivet.flow.orders import scope_of
from trivet.ledger import documents, orders, people, records, set_asides
from trivet.ledger.batches import Batch
from trivet.ledger.inputs import NewInput
from trivet.ledger.ledger import Transaction
from trivet.ledger.orders import StoredOrder
from trivet.ledger.set_asides import SetAside
from trivet.mapping import Problem
from trivet.model import Document
from trivet.quick_json import ordered_json

STAGE, KIND = "order", "assessment_order"
APPLICATION = "application"


@dataclass(slots=True)
class _Drafted:
    """What looking at the orders came to."""

    wanted: list[Wanted] = field(default_factory=list)
    refused: list[SetAside] = field(default_factory=list)
    linked: dict[str, ApplicationCase] = field(default_factory=dict)
    """By order id, what was not known before."""
    results: list[tuple[StoredOrder, Document]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    """Orders whose application nobody works on any more."""


def give_results(
    hub: Hub, flow: Flow, batch: Batch, *, dry_run: bool = False, only: Iterable[str] | None = None
) -> list[Planned]:
    """Plans what the HR system is told of its orders: those that are open, and those whose application the batch touched
    or is one of `only`."""
    ordering = flow.orders
    assert ordering is not None
    drafted = _Drafted()
    if ordering.publish:
        drafted.wanted += _published(hub, flow, ordering, drafted.refused)
    with hub.ledger.read() as tx:
        packages = [package.id for package in ordering.packages]
        again = touched(tx, batch) if only is None else only
        known = orders.due(tx, flow.tenant, ordering.connection, packages, batch.id, again)
        applications = {o.id: o.application_id or _application(hub, flow, tx, o) for o in known}
        found = {c.id: c for c in gather(tx, flow.tenant, sorted({a for a in applications.values() if a}))}
    for order in known:
        _draft(hub, flow, ordering, order, found.get(applications[order.id] or ""), drafted)
    if not dry_run:
        _remember(hub, flow, batch, known, drafted)
    return plan(hub.ledger, batch.id, gated(hub, flow, drafted.wanted), dry_run=dry_run)


def _remember(hub: Hub, flow: Flow, batch: Batch, known: Sequence[StoredOrder], drafted: _Drafted) -> None:
    """Before the plan: whoever pushes what is planned may rely on the result being there to be asked for."""
    with hub.ledger.begin() as tx:
        for order_id, case in drafted.linked.items():
            orders.link(tx, order_id, case.id, case.subject_ref)
        cancelled = {o.id for o, result in drafted.results if not orders.complete(tx, o, result, batch.id)}
        set_asides.resolve(tx, flow.tenant, STAGE, KIND, [order.id for order in known])
        set_asides.add_many(tx, batch, drafted.refused)
    drafted.wanted = [w for w in drafted.wanted if w.decision.get("order_id") not in cancelled]
    if drafted.closed:
        scopes = [scope_of(order_id) for order_id in drafted.closed]
        cancel_waiting(hub.ledger, tenant=flow.tenant, scopes=scopes, reason="APPLICATION_CLOSED")


def _application(hub: Hub, flow: Flow, tx: Transaction, order: StoredOrder) -> str | None:
    """The application that the order names by the vendor's ids, or the only open one of the candidate whom it names."""
    named = list(_named(hub, flow, tx, order.document.get("references", {})))
    applications = [name for kind, name in named if kind == APPLICATION]
    if applications:
        return applications[0]
    candidates = [name for kind, name in named if kind == CANDIDATE]
    subjects = people.subjects(tx, flow.tenant, CANDIDATE, candidates)
    theirs = documents.by_subject(tx, flow.tenant, subjects.values(), APPLICATION)
    still_open = [entry.id for entry in theirs if entry.document["status"] == "active"]
    return still_open[0] if len(still_open) == 1 else None


def _named(hub: Hub, flow: Flow, tx: Transaction, references: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Kind and id of what the vendor's objects became."""
    for stream, external_id in references.items():
        for inflow in flow.inflows:
            record = records.one(tx, flow.tenant, inflow.connection, stream, external_id)
            if record is not None:
                made = mapped(hub, flow, record, record.document)
                yield from ((kind, document["id"]) for kind, document in made)


def _draft(
    hub: Hub, flow: Flow, ordering: Ordering, order: StoredOrder, case: ApplicationCase | None, into: _Drafted
) -> None:
    if case is None:
        said = "what the order belongs to is not among what was pulled"
        into.refused.append(_refusal(order, "ORDER_UNMATCHED", said))
        return
    if order.application_id is None:
        into.linked[order.id] = case
    if case.closed:
        into.closed.append(order.id)
        return
    given = {
        "order": order.document,
        "application": case.application,
        **({"requisition": case.requisition} if case.requisition else {}),
        "addresses": {name: url.replace("{order}", order.id) for name, url in ordering.addresses.items()},
    }
    if ordering.arrange:
        # it is told once, whatever comes later
        told = {**given, "order": {**order.document, "status": orders.OPEN}}
        _want(hub, flow, ordering, order, case, "arrange", ordering.arrange, told, into)
    if case.assessment is not None:
        told = {
            **given,
            "assessment": case.assessment,
            "order": {**order.document, "status": orders.COMPLETED},
        }
        document = _want(hub, flow, ordering, order, case, "result", ordering.mapping, told, into)
        if document is not None:
            into.results.append((order, document))


def _want(
    hub: Hub, flow: Flow, ordering: Ordering, order: StoredOrder, case: ApplicationCase, what: str, name: str,
    given: Document, into: _Drafted,
) -> Document | None:  # fmt: skip
    """The document that tells the vendor, wanted; None where the mapping cannot make it."""
    mapping = hub.files(flow).mapping(name)
    made = mapping.apply(given, variables={}, now=hub.now())
    into.refused += [_of_problem(order, problem) for problem in made.problems]
    if made.problems or not made.documents:
        return None
    document = made.documents[0]
    written = ordered_json(given)
    wanted = Wanted(
        target=ordering.target,
        entity=mapping.kind,
        business_key=f"order|{order.id}|{what}",
        document=document,
        decision={"kind": what, "order_id": order.id},
        subject_ref=case.subject_ref,
        mapping_version=mapping.version_id,
        scope=scope_of(order.id),
        order=0 if what == "arrange" else 1,
        # the HR system hears of its order whatever the ERPs say, and the ERPs get theirs whatever it says
        independent=True,
        input=NewInput(sha256(written).hexdigest()[:26], given, case.subject_ref),
    )
    into.wanted.append(wanted)
    return document


def _published(hub: Hub, flow: Flow, ordering: Ordering, refused: list[SetAside]) -> Iterable[Wanted]:
    """The list of what can be ordered, for a vendor that wants it sent: once, and again when it changes."""
    mapping = hub.files(flow).mapping(str(ordering.publish))
    given = {"packages": [{"id": p.id, "name": dict(p.names)} for p in ordering.packages]}
    made = mapping.apply(given, variables={}, now=hub.now())
    for problem in made.problems:
        refused.append(
            SetAside(
                STAGE, "packages", flow.name, problem.code, problem.message, problem.pointer, problem.place
            )
        )
    if made.problems or not made.documents:
        return
    yield Wanted(
        target=ordering.target,
        entity=mapping.kind,
        business_key=f"packages|{flow.name}",
        document=made.documents[0],
        decision={"kind": "publish"},
        subject_ref=None,
        mapping_version=mapping.version_id,
        independent=True,
    )


def _of_problem(order: StoredOrder, problem: Problem) -> SetAside:
    return _refusal(order, problem.code, problem.message, problem.pointer, problem.place)


def _refusal(
    order: StoredOrder, code: str, message: str, pointer: str = "", place: str | None = None
) -> SetAside:
    return SetAside(
        STAGE, KIND, order.id, code, message, pointer, place or order.id, subject_ref=order.subject_ref
    )
