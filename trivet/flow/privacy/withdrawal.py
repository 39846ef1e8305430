"""What follows when a person takes a consent back.

ai_score, record   what a scorer still works on is given up; nothing more is scored or made of scores
share_erp          nothing more goes to an ERP; what was delivered is no longer wanted there (policy `vanished`)
record             where the person's site has rules: the erasure begins (`withdrawal: erase`), or a case asks for it

Drawn from what the ledger says, not from the moment of hearing it: a run that was killed in between draws it again.
"""

import logging

from trivet.errors import TrivetError
from trivet.flow.definition import Flow
from trivet.flow.hub import Hub
from trivet.flow.privacy import erase
from trivet.flow.privacy.residency import load_rules
from trivet.flow.report import FoundPerson
from trivet.ledger import cases, documents, people, scorings
from trivet.ledger.batches import Batch
from trivet.ledger.cases import NewCase
from trivet.ledger.ledger import Transaction

log = logging.getLogger(__name__)
RECORD, SCORED = "record", "ai_score"
CASE = "CONSENT_WITHDRAWN"


def follow(hub: Hub, flow: Flow, batch: Batch) -> int:
    """Draws the consequences of the consents that this batch brought; how many erasures began."""
    with hub.ledger.begin() as tx:
        back = people.withdrawn_in(tx, flow.tenant, batch.id)
        scorings.give_up(
            tx, flow.tenant, [ref for ref, purposes in back.items() if purposes & {RECORD, SCORED}]
        )
        gone = sorted(ref for ref, purposes in back.items() if RECORD in purposes)
        sites = sites_of(tx, flow.tenant, gone)
    rules = load_rules(hub.settings.home)
    begun = 0
    for ref in gone:
        chosen = [rules[site] for site in sites.get(ref, ()) if site in rules]
        if any(one.withdrawal == "erase" for one in chosen):
            begun += _erased(hub, flow, ref)
        elif chosen:
            _ask(hub, flow, ref)
    return begun


def sites_of(tx: Transaction, tenant: str, subject_refs: list[str]) -> dict[str, set[str]]:
    """The sites of the positions for which these people applied."""
    applications = documents.by_subject(tx, tenant, subject_refs, "application")
    wanted = {entry.document["requisition_id"] for entry in applications}
    positions = documents.get_many(tx, tenant, "requisition", wanted)
    found: dict[str, set[str]] = {}
    for entry in applications:
        position = positions.get(entry.document["requisition_id"])
        if position and entry.subject_ref and position.document.get("site"):
            found.setdefault(entry.subject_ref, set()).add(position.document["site"])
    return found


def _erased(hub: Hub, flow: Flow, ref: str) -> int:
    """1 where the erasure began; what does not end now goes on with `settle`."""
    try:
        # the person's own word: nobody has to approve it
        erase.start(hub, FoundPerson(flow.tenant, ref), "the person took the consent `record` back")
        erase.go_on(hub, FoundPerson(flow.tenant, ref))
    except TrivetError as error:
        log.warning("erasure of %s: %s", ref, error)
        _ask(hub, flow, ref)
        return 0
    return 1


def _ask(hub: Hub, flow: Flow, ref: str) -> None:
    with hub.ledger.begin() as tx:
        known = {entry.code for entry in cases.find(tx, subject_ref=ref)}
        if CASE not in known:
            said = f"{ref} took the consent `record` back: `trivet subject erase {ref}` erases her, a hold keeps her"
            cases.open_many(tx, [NewCase(flow.tenant, CASE, said, subject_ref=ref)])
