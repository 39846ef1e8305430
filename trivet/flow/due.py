"""Which interviews may be scored: open, with a recording, of a person who agrees.

Nothing is downloaded of anybody else; who is left out is set aside with the reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from trivet.flow.cases import ApplicationCase, gather, no_consent, touched
from trivet.flow.definition import Flow
from trivet.flow.hub import Hub
from trivet.flow.privacy.residency import EXPORT
from trivet.flow.scored import Outbox
from trivet.ledger import people, set_asides
from trivet.ledger.batches import Batch
from trivet.ledger.ledger import Transaction
from trivet.ledger.set_asides import SetAside
from trivet.model import Document

PURPOSES = ("record", "ai_score")
EXPRESSION = "expression"
"""The purpose without which nobody's face is looked at."""


@dataclass(frozen=True, slots=True)
class DueInterview:
    """One interview that may be scored, with what the scorers may see of it."""

    interview: Document
    recording: Document
    case: ApplicationCase
    face: bool
    """The person let faces be looked at, too."""
    export: bool = False
    """The person agreed to her data leaving her region."""

    @property
    def site(self) -> str | None:
        """The position's."""
        site: str | None = (self.case.requisition or {}).get("site")
        return site


def due_interviews(hub: Hub, flow: Flow, batch: Batch) -> list[DueInterview]:
    """The interviews of this batch's touched, open applications that have a recording and consent."""
    with hub.ledger.begin() as tx:
        cases = [case for case in gather(tx, flow.tenant, touched(tx, batch)) if not case.closed]
        allowed = _consenting(tx, flow, cases)
        refused = [c for c in cases if c.subject_ref not in allowed and c.interviews]
        set_asides.add_many(tx, batch, [_no_consent(case) for case in refused])
        set_asides.resolve(
            tx, flow.tenant, "consent", "application", [c.id for c in cases if c.subject_ref in allowed]
        )
        faces = people.allowed(tx, flow.tenant, allowed, EXPRESSION) if flow.expression else set()
        abroad = people.allowed(tx, flow.tenant, allowed, EXPORT)
        return [due for case in cases if case.subject_ref in allowed for due in _due(case, faces, abroad)]


def still_allowed(hub: Hub, flow: Flow, due: list[DueInterview], outbox: Outbox) -> list[DueInterview]:
    """Those whose people agree still: scoring takes hours, and somebody may have taken it back meanwhile."""
    with hub.ledger.read() as tx:
        allowed = _consenting(tx, flow, [entry.case for entry in due])
    for entry in due:
        if entry.case.subject_ref not in allowed:
            outbox.set_aside(_no_consent(entry.case))
    return [entry for entry in due if entry.case.subject_ref in allowed]


def _due(case: ApplicationCase, faces: set[str], abroad: set[str]) -> Iterator[DueInterview]:
    for interview in case.interviews:
        recordings = case.recordings.get(interview["id"], [])
        if recordings:
            # one interview, one recording: a later upload replaces the earlier
            newest = max(recordings, key=lambda r: (r.get("created_at") or "", r["id"]))
            ref = case.subject_ref
            yield DueInterview(interview, newest, case, ref in faces, ref in abroad)


def _consenting(tx: Transaction, flow: Flow, cases: list[ApplicationCase]) -> set[str]:
    subjects = {case.subject_ref for case in cases}
    for purpose in PURPOSES:
        subjects &= people.allowed(tx, flow.tenant, subjects, purpose)
    return subjects


def _no_consent(case: ApplicationCase) -> SetAside:
    return no_consent(case, "consent", " and ".join(PURPOSES), "not downloaded, not scored")
