"""Bills by BatchSave, then Submit and Audit; taken back by UnAudit and Delete. Our reference is the bill number.

A save is done only when the bill is audited. Where the audit refuses a new bill it is taken away again; where the new
content of an old one is refused it is audited as it was; and where an answer in the middle is lost the outcome is unknown.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from trivet.contract import Services
from trivet.errors import ConnectorError, Rejected, UnknownOutcome
from trivet.model import Confirmed, Document, Found, Operation, Outcome, WeighedPlan

from . import bills, weights
from .bills import AUDITED, IN_AUDIT, OPEN, Bill
from .codes import NAME, refusal
from .config import FormConfig, KingdeeCloudConfig
from .forms import as_schema
from .wire import Wire, entries, not_configured

MAX_OPS = 20
"""The vendor advises at most 20 bills in one BatchSave."""
_SEARCHED = 100
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]00:00:00(\.0+)?")
_SEEN = {"create": {AUDITED, OPEN}, "update": {AUDITED}}
"""States in which a bill counts as there. What stopped on the way to its audit does not: it is sent again and finished. An
open one of ours was audited once: it is about to be deleted. For a delete every bill that is still there counts."""


class KingdeeCloudTarget:
    """See `trivet.contract.Target`. Documents carry the form's own fields, dates as `YYYY-MM-DD`."""

    def __init__(self, config: KingdeeCloudConfig, services: Services) -> None:
        self.config = config
        self.wire = Wire(config, services)

    def check(self) -> None:
        """Logs in and asks every configured form for nothing."""
        for form in self.config.forms:
            self.wire.query(form, ["FBillNo"], "FBillNo = 'TRIVET-CHECK'", limit=1)

    def describe(self) -> Mapping[str, Document]:
        """See `trivet.contract.Describing`; from QueryBusinessInfo. A form that it refuses to tell of is left out."""
        described: dict[str, Document] = {}
        for form, known in self.config.forms.items():
            try:
                described[form] = as_schema(form, self.wire.form(form), known.base_data)
            except Rejected:
                continue
        return described

    def plans(self, operations: Sequence[Operation]) -> Mapping[str, WeighedPlan]:
        """See `trivet.contract.Weighing`."""
        return weights.plans(self.wire, self.config.forms, operations)

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """See `Target`."""
        form = operations[0].entity
        known = self.config.forms.get(form)
        if known is None:
            raise not_configured("send", f"form {form} is not configured", "forms")
        there = self._there(form, operations)
        if operations[0].kind == "delete":
            outcomes = self._delete(form, operations, there)
        else:
            outcomes = self._save(form, known, operations, there)
        return [outcomes[operation.key] for operation in operations]

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """See `Target`; asks for the fields that the operations carry."""
        known = self.config.forms.get(entity, FormConfig())
        fields = sorted({name for operation in operations for name in operation.document})
        asked = [f"{name}.FNumber" if name in known.base_data else name for name in fields]
        found: dict[str, list[Found]] = {}
        for by, column, wanted in _by(operations):
            values = list(wanted)
            for start in range(0, len(values), _SEARCHED):
                condition = bills.among(by, values[start : start + _SEARCHED])
                for row in self.wire.query(entity, ["FBillNo", "FID", "FDocumentStatus", *asked], condition):
                    operation = wanted.get(str(row[column]))
                    if operation is None or (
                        known.audit and row[2] not in _SEEN.get(operation.kind, {row[2]})
                    ):
                        continue
                    document = {
                        name: _day(value)
                        for name, value in zip(fields, row[3:], strict=True)
                        if value is not None
                    }
                    entry = Found(str(row[1]), document, str(row[2]))
                    found.setdefault(operation.reference, []).append(entry)
        return found

    def _there(self, form: str, operations: Sequence[Operation]) -> dict[str, Bill]:
        """The bills that are there, by operation key."""
        found: dict[str, Bill] = {}
        for by, _, wanted in _by(operations):
            for value, bill in bills.known(self.wire, form, by, list(wanted)).items():
                if value in wanted:
                    found[wanted[value].key] = bill
        return found

    def _save(
        self, form: str, known: FormConfig, operations: Sequence[Operation], there: Mapping[str, Bill]
    ) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {
            o.key: Rejected(
                "the bill is gone", connector=NAME, operation=f"update {form}", vendor_code="GONE"
            )
            for o in operations
            if o.adopted and o.key not in there
        }
        closed = {key: bill for key, bill in there.items() if bill.status in (AUDITED, IN_AUDIT)}
        stuck = bills.reopen(self.wire, form, closed)
        outcomes |= {key: stuck[bill.id] for key, bill in closed.items() if bill.id in stuck}
        opened = {key: bill.id for key, bill in closed.items() if bill.id not in stuck}
        going = [operation for operation in operations if operation.key not in outcomes]
        try:
            saved = self._saved(form, known, going, there) if going else {}
        except ConnectorError as error:
            if not opened or isinstance(error, UnknownOutcome):
                raise
            saved = {operation.key: error for operation in going}
        outcomes |= saved
        refused = {key: opened[key] for key in opened if not isinstance(saved[key], Confirmed)}
        outcomes |= self._audited_as_it_was(form, refused)
        done = {key: said.remote_id or "" for key, said in saved.items() if isinstance(said, Confirmed)}
        if known.audit:
            outcomes |= self._finished(form, done, there)
        return outcomes

    def _saved(
        self, form: str, known: FormConfig, operations: Sequence[Operation], there: Mapping[str, Bill]
    ) -> dict[str, Outcome]:
        """What BatchSave says of each; it keeps the good ones, whatever the others come to."""
        said = f"BatchSave {form}"
        data = {
            "Model": [_model(known, o, there[o.key].id if o.key in there else 0) for o in operations],
            "IsAutoAdjustField": "true",
            **({"ValidateRepeatJson": "true"} if self.config.reject_repeats else {}),
        }
        status = self.wire.call("BatchSave", form, data)
        outcomes: dict[str, Outcome] = {
            o.key: UnknownOutcome("the answer does not name this bill", connector=NAME, operation=said)
            for o in operations
        }
        for error in entries(status, "Errors"):
            key = _at(operations, error)
            if key is not None:
                outcomes[key] = refusal(said, status.get("MsgCode"), error)
        for entry in entries(status, "SuccessEntitys"):
            key = _at(operations, entry)
            if key is not None and entry.get("Id"):
                outcomes[key] = Confirmed(str(entry["Id"]))
        return outcomes

    def _finished(self, form: str, done: Mapping[str, str], there: Mapping[str, Bill]) -> dict[str, Outcome]:
        """Submits and audits what was saved; the outcomes of those that did not get there."""
        stopped = bills.finish(self.wire, form, list(done.values()))
        failed = {key: stopped[name] for key, name in done.items() if name in stopped}
        new = {
            key: done[key]
            for key, error in failed.items()
            if key not in there and isinstance(error, Rejected)
        }
        left = self._taken_away(form, list(new.values()))
        return {
            key: error if key in new and new[key] not in left else _half(error, "saved, not audited")
            for key, error in failed.items()
        }

    def _audited_as_it_was(self, form: str, opened: Mapping[str, str]) -> dict[str, Outcome]:
        """Audits again what was opened for nothing; the outcomes of those where that fails."""
        stopped = bills.finish(self.wire, form, list(opened.values()))
        return {
            key: _half(stopped[name], "not changed, and not audited again")
            for key, name in opened.items()
            if name in stopped
        }

    def _taken_away(self, form: str, ids: Sequence[str]) -> set[str]:
        """Deletes bills that were begun; the ids of those that are still there."""
        if not ids:
            return set()
        try:
            begun = bills.known(self.wire, form, "FID", ids)
            stuck = bills.reopen(self.wire, form, begun)
        except ConnectorError:
            return set(ids)
        return set(stuck) | set(bills.delete(self.wire, form, [i for i in begun if i not in stuck]))

    def _delete(
        self, form: str, operations: Sequence[Operation], there: Mapping[str, Bill]
    ) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {o.key: Confirmed(o.remote_id) for o in operations}
        stuck = bills.reopen(self.wire, form, there)
        outcomes |= {key: stuck[bill.id] for key, bill in there.items() if bill.id in stuck}
        going = {key: bill for key, bill in there.items() if bill.id not in stuck}
        kept = bills.delete(self.wire, form, [bill.id for bill in going.values()])
        outcomes |= {key: kept[bill.id] for key, bill in going.items() if bill.id in kept}
        refused = {
            key: bill.id
            for key, bill in going.items()
            if bill.status == AUDITED and bill.id in kept and not isinstance(kept[bill.id], UnknownOutcome)
        }
        return outcomes | self._audited_as_it_was(form, refused)


@contextmanager
def open_target(config: KingdeeCloudConfig, services: Services) -> Iterator[KingdeeCloudTarget]:
    """The target, closed on leaving."""
    target = KingdeeCloudTarget(config, services)
    with target.wire.http:
        yield target


def _by(operations: Sequence[Operation]) -> Iterator[tuple[str, int, dict[str, Operation]]]:
    """How bills are known: ours by their number, the column 0 of a search, those of others by their id, the column 1."""
    ours = {o.reference: o for o in operations if not o.adopted}
    theirs = {str(o.remote_id): o for o in operations if o.adopted}
    yield from ((by, at, wanted) for by, at, wanted in (("FBillNo", 0, ours), ("FID", 1, theirs)) if wanted)


def _model(known: FormConfig, operation: Operation, key: object) -> Document:
    # base data first: the vendor fills dependent fields in the order of the keys
    names = sorted(operation.document, key=lambda name: name not in known.base_data)
    model: Document = {"FID": key}
    if not operation.adopted:
        model["FBillNo"] = operation.reference
    for name in names:
        value = operation.document[name]
        model[name] = {"FNumber": value} if name in known.base_data else value
    return model


def _at(operations: Sequence[Operation], entry: Document) -> str | None:
    """The key of the operation that an entry's index names."""
    index = entry.get("DIndex")
    inside = isinstance(index, int) and 0 <= index < len(operations)
    return operations[index].key if inside and index is not None else None


def _half(error: ConnectorError, what: str) -> UnknownOutcome:
    return UnknownOutcome(
        f"{what}: {error.message}", connector=NAME, operation=error.operation, vendor_code=error.vendor_code
    )


def _day(value: Any) -> Any:
    # a date comes back as the midnight of its day
    match = _MIDNIGHT.fullmatch(value) if isinstance(value, str) else None
    return match[1] if match else value
