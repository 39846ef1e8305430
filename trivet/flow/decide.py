"""Assessments become decisions, decisions become the targets' own documents, and those become planned operations."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from trivet.delivery import plan
from trivet.delivery.plan import Planned, Wanted
from trivet.flow.cases import ApplicationCase, gather, touched
from trivet.flow.definition import Flow
from trivet.flow.hub import Hub
from trivet.flow.translate import EMPLOYEE_NUMBER
from trivet.ledger import people, set_asides
from trivet.ledger.batches import Batch
from trivet.ledger.set_asides import SetAside
from trivet.model import Document

SHARE = "share_erp"
PERSONS = 200
"""Applications that are decided and planned in one transaction."""


@dataclass(slots=True)
class Decided:
    """What the decisions about some applications came to."""

    wanted: list[Wanted] = field(default_factory=list)
    scopes: set[str] = field(default_factory=set)
    """Applications whose every wanted operation is in `wanted`: what is missing there is wanted no more."""
    closed: list[ApplicationCase] = field(default_factory=list)
    refused: list[SetAside] = field(default_factory=list)
    looked_at: list[str] = field(default_factory=list)


def decide(hub: Hub, flow: Flow, batch: Batch, *, dry_run: bool = False) -> list[Planned]:
    """The operations that this batch plans; with `dry_run` nothing is written."""
    with hub.ledger.read() as tx:
        ids = touched(tx, batch)
    made: list[Planned] = []
    for start in range(0, len(ids), PERSONS):
        with hub.ledger.read() as tx:
            cases = list(gather(tx, flow.tenant, ids[start : start + PERSONS]))
            subjects = {case.subject_ref for case in cases}
            sharing = people.allowed(tx, flow.tenant, subjects, SHARE)
            numbers = people.identifiers(tx, flow.tenant, EMPLOYEE_NUMBER, subjects)
        decided = Decided()
        for case in cases:
            _decide_one(hub, flow, case, case.subject_ref in sharing, numbers.get(case.subject_ref), decided)
        made += _plan(hub, flow, batch, decided, dry_run=dry_run)
    return made
