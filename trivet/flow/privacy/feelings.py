"""Words about feelings in the name of a competency: nothing is refused for a word, but a person is asked once what is meant.

A competency such as 情绪管理 is how somebody acts under strain, told by what was said; a field that tells of feelings is refused
elsewhere (`trivet.flow.answers`), and so is a scorer that infers them (`trivet.flow.bench`).
"""

from collections.abc import Iterable, Iterator

from trivet.contract import FEELINGS
from trivet.flow.definition import Flow
from trivet.flow.hub import Hub
from trivet.ledger import cases
from trivet.ledger.batches import Batch
from trivet.ledger.cases import NewCase
from trivet.model import Document

CASE = "COMPETENCY_FLAGGED"


def named(assessment: Document) -> Iterator[str]:
    """The competencies of an assessment whose names speak of feelings."""
    for entry in assessment["competency_scores"]:
        if FEELINGS.search(entry["competency"]):
            yield entry["competency"]


def flag(hub: Hub, flow: Flow, batch: Batch, competencies: Iterable[str]) -> None:
    """Opens a case for each competency that nobody was asked about yet."""
    said = {name: _said(name) for name in set(competencies)}
    if not said:
        return
    with hub.ledger.begin() as tx:
        known = {entry.message for entry in cases.find(tx, state=None, tenant=flow.tenant)}
        new = [NewCase(flow.tenant, CASE, text, batch.id) for text in said.values() if text not in known]
        cases.open_many(tx, new)


def _said(name: str) -> str:
    return (
        f"the competency {name} is named after feelings: if it tells how somebody feels, take it out of the scorers' lists; "
        "if it tells how somebody acts, close this case"
    )
