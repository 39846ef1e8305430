"""Assessments become decisions, decisions the targets' own documents, and those planned operations."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from trivet.delivery.plan import Planned, Wanted, plan
from trivet.delivery.waiting import cancel_waiting, expire_waiting
from trivet.documents import Contracts
from trivet.flow.answers import prohibited
from trivet.flow.cases import ApplicationCase, gather, no_consent, touched
from trivet.flow.catalogue import Codes
from trivet.flow.definition import Delivery, Flow
from trivet.flow.drift import hold
from trivet.flow.feedback import give_back
from trivet.flow.gates.asking import ask
from trivet.flow.gates.gating import gated
from trivet.flow.hub import Hub
from trivet.flow.identity import EMPLOYEE_NUMBER
from trivet.flow.judging.score_drift import watch
from trivet.flow.privacy.residency import STAGE as RESIDENCY
from trivet.flow.privacy.residency import Border
from trivet.flow.reports import attached
from trivet.flow.results import give_results
from trivet.flow.through import DECIDED, passed
from trivet.flow.weights import balance
from trivet.ledger import people, set_asides
from trivet.ledger.batches import Batch
from trivet.ledger.bulk import chunks
from trivet.ledger.inputs import NewInput
from trivet.ledger.set_asides import SetAside
from trivet.mapping import Decision, Library, Mapping, Problem
from trivet.model import Document
from trivet.quick_json import ordered_json

SHARE, SCORED = "share_erp", "ai_score"
APPLICATIONS = 500
"""Decided and planned together."""


@dataclass(frozen=True, slots=True)
class Person:
    """What delivering needs to know of one person."""

    subject_ref: str
    shares: bool
    scored: bool
    """Agreed to being scored, and has not taken it back."""
    employee_number: str | None
    report: Document | None = None
    """What the HR record gets as a file, where the flow attaches reports."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What decides: a flow with one set of its rules and mappings, at one time."""

    flow: Flow
    library: Library
    contracts: Contracts
    now: datetime
    codes: Codes = field(default_factory=Codes)


@dataclass(slots=True)
class Decided:
    """What the decisions about some applications came to."""

    wanted: list[Wanted] = field(default_factory=list)
    scopes: set[str] = field(default_factory=set)
    """Applications of which `wanted` is complete: what was delivered and is not in it is wanted no more."""
    closed: list[str] = field(default_factory=list)
    refused: list[SetAside] = field(default_factory=list)
    looked_at: list[str] = field(default_factory=list)


def decide(
    hub: Hub, flow: Flow, batch: Batch, *, dry_run: bool = False, only: Iterable[str] | None = None
) -> list[Planned]:
    """What the batch plans; with `dry_run` nothing is written.

    Decided are the applications that something in the batch touched, or those of the ids `only`. What ERPs told goes back,
    and so do the results of ordered assessments.
    """
    if not dry_run:
        watch(hub, flow, batch)
        hold(hub, flow)
    planned = _decide(hub, flow, batch, only, dry_run=dry_run) if flow.rules else []
    if flow.feedback is not None:
        planned += give_back(hub, flow, batch, dry_run=dry_run)
    if flow.orders is not None:
        planned += give_results(hub, flow, batch, dry_run=dry_run, only=only)
    if not dry_run:
        ask(hub, flow, batch)
        hub.keep_versions(flow)
        expire_waiting(hub.ledger, tenant=flow.tenant, days=flow.waiting_days)
        if only is None:
            passed(hub, batch, DECIDED)
    return planned


def _decide(
    hub: Hub, flow: Flow, batch: Batch, only: Iterable[str] | None, *, dry_run: bool
) -> list[Planned]:
    with hub.ledger.read() as tx:
        ids = touched(tx, batch) if only is None else sorted(only)
    planned: list[Planned] = []
    border = Border.of(hub, flow.tenant)
    desk = Desk(flow, hub.files(flow), hub.contracts, hub.now(), codes(hub, flow))
    for part in chunks(ids, APPLICATIONS):
        decided = Decided()
        for case, person in people_of(hub, flow, part):
            decide_one(desk, case, person, decided)
        _keep_within(border, decided)
        _weigh(hub, flow, decided)
        decided.wanted = gated(hub, flow, decided.wanted)
        planned += plan(
            hub.ledger,
            batch.id,
            decided.wanted,
            scopes=decided.scopes,
            targets=flow.targets(),
            vanished=flow.policy.vanished,
            dry_run=dry_run,
        )
        if not dry_run:
            _remember(hub, flow, batch, decided)
    return planned


def _keep_within(border: Border, decided: Decided) -> None:
    """Takes out what may not go to where its target leads; nothing of it is taken for vanished."""
    decided.wanted, refused = border.wanted(decided.wanted)
    decided.scopes -= {entry.item for entry in refused}
    decided.refused += refused


def _weigh(hub: Hub, flow: Flow, decided: Decided) -> None:
    """Makes room for weights; where that cannot be, nothing of the person's goes, as after any other problem."""
    decided.wanted, refused = balance(hub, flow, decided.wanted)
    scopes = {entry.wanted.scope for entry in refused}
    decided.scopes -= {scope for scope in scopes if scope}
    if flow.policy.atomic == "person":
        decided.wanted = [entry for entry in decided.wanted if entry.independent or entry.scope not in scopes]
    for entry in refused:
        wanted = entry.wanted
        aside = SetAside(
            stage="weigh",
            kind="application",
            item=wanted.scope or "",
            code=entry.code,
            message=entry.message,
            place=f"{wanted.target} {wanted.entity}",
            subject_ref=wanted.subject_ref,
        )
        decided.refused.append(aside)


def codes(hub: Hub, flow: Flow) -> Codes:
    """What the ERPs take today."""
    with hub.ledger.read() as tx:
        return Codes.load(tx, flow.tenant, hub.now().date().isoformat())


def people_of(hub: Hub, flow: Flow, ids: list[str]) -> Iterator[tuple[ApplicationCase, Person]]:
    """These applications with all that is known about each, and what may go to whom."""
    with hub.ledger.read() as tx:
        cases = list(gather(tx, flow.tenant, ids))
        subjects = {case.subject_ref for case in cases}
        sharing = people.allowed(tx, flow.tenant, subjects, SHARE)
        scored = people.allowed(tx, flow.tenant, subjects, SCORED)
        numbers = people.identifiers(tx, flow.tenant, EMPLOYEE_NUMBER, subjects)
    made = attached(hub, flow, [case.assessment["id"] for case in cases if case.assessment])
    for case in cases:
        subject, report = case.subject_ref, made.get(case.assessment["id"]) if case.assessment else None
        yield case, Person(subject, subject in sharing, subject in scored, numbers.get(subject), report)


def _remember(hub: Hub, flow: Flow, batch: Batch, decided: Decided) -> None:
    with hub.ledger.begin() as tx:
        for stage in ("decide", "consent_share", "weigh", RESIDENCY):
            set_asides.resolve(tx, flow.tenant, stage, "application", decided.looked_at)
        set_asides.add_many(tx, batch, decided.refused)
    if decided.closed:
        cancel_waiting(hub.ledger, tenant=flow.tenant, scopes=decided.closed, reason="APPLICATION_CLOSED")


def decide_one(desk: Desk, case: ApplicationCase, person: Person, decided: Decided) -> None:
    """Adds what is wanted for one application, or why nothing is."""
    flow = desk.flow
    decided.looked_at.append(case.id)
    if case.closed:
        decided.closed.append(case.id)
        return
    if case.assessment is None:
        return
    if not person.scored:
        # what was delivered stays until somebody decides; nothing more is made of these scores
        decided.closed.append(case.id)
        decided.refused.append(
            no_consent(case, "consent_share", SCORED, "nothing is made of the scores any more")
        )
        return
    given = {
        "application": case.application,
        "requisition": case.requisition,
        "assessment": case.assessment,
        "person": {"employee_number": person.employee_number},
    }
    made_from = NewInput(_input_id(given), given, person.subject_ref)
    problems: list[Problem] = []
    decisions: list[Decision] = []
    for name in flow.rules:
        made, found = desk.library.rules(name).decide(given, desk.now)
        decisions += made
        problems += found
    wanted: list[Wanted] = []
    for order, delivery in enumerate(flow.deliveries):
        if person.shares:
            wanted += _for_target(desk, delivery, order, decisions, made_from, person, problems)
    if decisions and not person.shares:
        decided.refused.append(no_consent(case, "consent_share", SHARE, "nothing goes to an ERP"))
    wanted += _write_back(desk, case, made_from, person, problems)
    decided.refused += [_refusal(case, problem) for problem in problems]
    # with a problem the picture is incomplete: nothing of the person's is taken for vanished
    if not problems:
        decided.scopes.add(case.id)
    decided.wanted += [] if problems and flow.policy.atomic == "person" else wanted


def _input_id(given: Document) -> str:
    # what the ledger gives back is written down alike each time: the canonical form would cost twice as much
    return sha256(ordered_json(given)).hexdigest()[:26]


def _for_target(
    desk: Desk,
    delivery: Delivery,
    order: int,
    decisions: list[Decision],
    made_from: NewInput,
    person: Person,
    problems: list[Problem],
) -> Iterator[Wanted]:
    given, library = made_from.document, desk.library
    for decision in decisions:
        route = delivery.decisions.get(decision.kind)
        if route is None or not library.holds(route.when, given, desk.now, str(desk.flow.file)):
            continue
        problems += _violations(desk, decision)
        mapping = library.mapping(route.mapping)
        document: Document | None = None
        if person.employee_number is not None:
            document = _mapped(desk, mapping, {**given, "decision": decision.document}, problems)
            unknown = list(desk.codes.unknown(delivery.connection, mapping, document or {}))
            problems += unknown
            if document is None or unknown:
                continue
        yield Wanted(
            target=delivery.connection,
            entity=mapping.kind,
            business_key=f"{decision.kind}|{decision.key}",
            document=document,
            decision={**decision.document, "kind": decision.kind, "rules": decision.version_id},
            subject_ref=person.subject_ref,
            mapping_version=mapping.version_id,
            scope=str(given["application"]["id"]),
            order=order,
            input=made_from,
        )


def _write_back(
    desk: Desk, case: ApplicationCase, made_from: NewInput, person: Person, problems: list[Problem]
) -> list[Wanted]:
    back = desk.flow.write_back
    if back is None or case.assessment is None:
        return []
    wanted = []
    todo = [("assessment", back.mapping, made_from)]
    if back.report and person.report:
        given = {**made_from.document, "report": person.report}
        todo.append(("report", back.report, NewInput(_input_id(given), given, case.subject_ref)))
    for kind, name, seen in todo:
        mapping = desk.library.mapping(name)
        document = _mapped(desk, mapping, seen.document, problems)
        if document is None:
            continue
        wanted.append(
            Wanted(
                target=back.connection,
                entity=mapping.kind,
                business_key=f"{kind}|{case.assessment['id']}",
                document=document,
                decision={"kind": "write_back", "assessment_id": case.assessment["id"]},
                subject_ref=case.subject_ref,
                mapping_version=mapping.version_id,
                scope=case.id,
                # the HR record hears of the scores whatever the ERPs say of the person's other operations
                independent=True,
                input=seen,
            )
        )
    return wanted


def _mapped(desk: Desk, mapping: Mapping, given: Any, problems: list[Problem]) -> Document | None:
    mapped = mapping.apply(given, variables={}, now=desk.now)
    problems += mapped.problems
    if not mapped.documents or mapped.problems:
        return None
    feelings = prohibited(mapped.documents[0])
    problems += [
        Problem("FIELD_PROHIBITED", at, "no field may tell of feelings", f"{mapping.version_id}")
        for at in feelings
    ]
    return None if feelings else mapped.documents[0]


def _violations(desk: Desk, decision: Decision) -> list[Problem]:
    return [
        Problem(v.code, v.pointer.lstrip("/"), v.message, f"{decision.version_id} rule {decision.rule!r}")
        for v in desk.contracts.check(decision.kind, decision.document)
    ]


def _refusal(case: ApplicationCase, problem: Problem) -> SetAside:
    return SetAside(
        stage="decide",
        kind="application",
        item=case.id,
        code=problem.code,
        message=problem.message,
        pointer=problem.pointer,
        place=f"{problem.place} for {case.id}",
        subject_ref=case.subject_ref,
    )
