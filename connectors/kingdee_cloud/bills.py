"""What happens to bills that are there: submitted and audited, taken back, deleted, many in one call and each for itself.

    A created ──Submit──▶ B in audit ──Audit──▶ C audited ──UnAudit──▶ D open again ──Submit──▶ B …
         ▲                     │                                           │
         └──────CancelAssign───┘                Delete: A and D only ──────┘

None of the services is atomic: the good bills go through, whatever the others come to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trivet.errors import ConnectorError, UnknownOutcome
from trivet.model import Document

from .codes import NAME, NO_DATA, refusal
from .wire import Wire, entries, quoted

CREATED, IN_AUDIT, AUDITED, OPEN = "A", "B", "C", "D"
_SEARCHED = 100


@dataclass(frozen=True, slots=True)
class Bill:
    """One that is there."""

    id: str
    number: str
    status: str


def known(wire: Wire, form: str, by: str, values: Sequence[str]) -> dict[str, Bill]:
    """The bills whose number (FBillNo) or id (FID) is one of the values, by that value."""
    found: dict[str, Bill] = {}
    wanted = list(dict.fromkeys(values))
    for start in range(0, len(wanted), _SEARCHED):
        part = wanted[start : start + _SEARCHED]
        for row in wire.query(form, ["FID", "FBillNo", "FDocumentStatus"], among(by, part)):
            bill = Bill(*(str(value) for value in row))
            found[bill.id if by == "FID" else bill.number] = bill
    return found


def among(by: str, values: Sequence[str]) -> str:
    """The condition that a bill is one of these; ids are numbers."""
    said = values if by == "FID" else [quoted(value) for value in values]
    return f"{by} in ({','.join(said)})"


def carry(wire: Wire, service: str, form: str, ids: Sequence[str]) -> dict[str, ConnectorError]:
    """By id why a bill did not get through; all the others did. What is raised speaks for every one of them."""
    if not ids:
        return {}
    status = wire.call(service, form, {"Ids": ",".join(ids)})
    return missed(f"{service} {form}", status, ids)


def missed(operation: str, status: Document, ids: Sequence[str]) -> dict[str, ConnectorError]:
    """By id why a bill is not among those that went through, by the index that its error names or else the first one."""
    if status["IsSuccess"]:
        return {}
    done = {str(entry.get("Id")) for entry in entries(status, "SuccessEntitys")}
    errors = entries(status, "Errors")
    by_index = {entry.get("DIndex"): entry for entry in errors}
    found: dict[str, ConnectorError] = {}
    for index, name in enumerate(ids):
        if name in done:
            continue
        error = by_index.get(index) or next(iter(errors), None)
        found[name] = (
            refusal(operation, status.get("MsgCode"), error)
            if error
            else UnknownOutcome("the answer does not name this bill", connector=NAME, operation=operation)
        )
    return found


def finish(wire: Wire, form: str, ids: Sequence[str]) -> dict[str, ConnectorError]:
    """Submits and audits; by id why a bill did not get that far. Lost answers and refusals of the whole are among them."""
    stopped: dict[str, ConnectorError] = {}
    for service in ("Submit", "Audit"):
        going = [name for name in ids if name not in stopped]
        try:
            stopped |= carry(wire, service, form, going)
        except ConnectorError as error:
            return stopped | dict.fromkeys(going, error)
    return stopped


def reopen(wire: Wire, form: str, bills: Mapping[str, Bill]) -> dict[str, ConnectorError]:
    """Takes back audit and submission, so that the bills can be changed or deleted; by id why one stays closed."""
    stopped = carry(wire, "UnAudit", form, [b.id for b in bills.values() if b.status == AUDITED])
    submitted = [bill.id for bill in bills.values() if bill.status == IN_AUDIT]
    try:
        return stopped | carry(wire, "CancelAssign", form, submitted)
    except ConnectorError as error:
        return stopped | dict.fromkeys(submitted, error)


def delete(wire: Wire, form: str, ids: Sequence[str]) -> dict[str, ConnectorError]:
    """Deletes bills that are open, in one call; by id why one is still there. What is gone is gone."""
    try:
        stopped = carry(wire, "Delete", form, ids)
    except ConnectorError as error:
        return dict.fromkeys(ids, error)
    return {name: error for name, error in stopped.items() if error.vendor_code != f"MsgCode {NO_DATA}"}
