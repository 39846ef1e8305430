"""Bills by BatchSave, then Submit and Audit; taken back by UnAudit and Delete. Our reference is the bill number.

A save is done only when the bill is audited: where an answer in the middle is lost the outcome is unknown, and `find`
tells only of audited bills as they should be (a bill that stopped half-way is finished by sending it again).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from trivet.contract import Services
from trivet.errors import AuthFailed, ConnectorError, RateLimited, Rejected, UnknownOutcome
from trivet.model import Confirmed, Document, Found, Operation, Outcome

from .config import FormConfig, KingdeeCloudConfig
from .wire import NAME, Wire, quoted, refusal

MAX_OPS = 20
"""The vendor advises at most 20 bills in one BatchSave."""
_SEARCHED = 100
AUDITED = "C"


class KingdeeCloudTarget:
    """See `trivet.contract.Target`. Documents carry the form's own fields, dates as `YYYY-MM-DD`."""

    def __init__(self, config: KingdeeCloudConfig, services: Services) -> None:
        self.config = config
        self.wire = Wire(config, services)

    def check(self) -> None:
        """Logs in and asks every configured form for nothing."""
        for form in self.config.forms:
            self.wire.query(form, ["FBillNo"], "FBillNo = 'TRIVET-CHECK'")

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """See `Target`."""
        form = operations[0].entity
        known = self.config.forms.get(form)
        if known is None:
            raise Rejected(
                f"form {form} is not configured", connector=NAME, operation="send", vendor_code="ENTITY",
                cure="add it to `forms` of the connection",
            )  # fmt: skip
        if operations[0].kind == "delete":
            return self._delete(form, operations)
        return self._save(form, known, operations)

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """See `Target`; asks for the fields that the operations carry."""
        known = self.config.forms.get(entity, FormConfig())
        fields = sorted({name for operation in operations for name in operation.document})
        rows = self._rows(entity, [operation.reference for operation in operations], fields)
        found: dict[str, list[Found]] = {}
        for row in rows:
            number, key, status, *values = row
            if known.audit and status != AUDITED:
                continue
            document = {name: value for name, value in zip(fields, values, strict=True) if value is not None}
            found.setdefault(number, []).append(Found(str(key), document, status))
        return found

    def _rows(self, form: str, references: Sequence[str], fields: Sequence[str]) -> list[list[Any]]:
        keys = ["FBillNo", "FID", "FDocumentStatus", *fields]
        wanted = list(dict.fromkeys(references))
        rows: list[list[Any]] = []
        for start in range(0, len(wanted), _SEARCHED):
            said = ",".join(quoted(reference) for reference in wanted[start : start + _SEARCHED])
            rows += self.wire.query(form, keys, f"FBillNo in ({said})")
        return rows

    def _save(self, form: str, known: FormConfig, operations: Sequence[Operation]) -> list[Outcome]:
        there = {row[0]: (row[1], row[2]) for row in self._rows(form, [o.reference for o in operations], [])}
        # an audited bill cannot be changed: the way to a change leads back over its audit
        again = [o.reference for o in operations if there.get(o.reference, (0, ""))[1] == AUDITED]
        if again:
            self._step("UnAudit", form, again)
        models = [self._model(known, o, there.get(o.reference, (None, ""))[0]) for o in operations]
        status = self.wire.call("BatchSave", form, {"Model": models, "IsAutoAdjustField": "true"})
        outcomes: list[Outcome] = [
            UnknownOutcome(
                "the answer does not name this bill", connector=NAME, operation=f"BatchSave {form}"
            )
        ] * len(operations)
        for error in status.get("Errors") or []:
            if 0 <= int(error.get("DIndex", -1)) < len(outcomes):
                outcomes[error["DIndex"]] = refusal(f"BatchSave {form}", status.get("MsgCode"), error)
        for entry in status.get("SuccessEntitys") or []:
            outcomes[entry["DIndex"]] = Confirmed(str(entry["Id"]))
        saved = [
            o.reference
            for o, outcome in zip(operations, outcomes, strict=True)
            if isinstance(outcome, Confirmed)
        ]
        if known.audit and saved:
            lost = self._finish(form, saved)
            for i, operation in enumerate(operations):
                if operation.reference in lost and isinstance(outcomes[i], Confirmed):
                    outcomes[i] = lost[operation.reference]
        return outcomes

    def _finish(self, form: str, references: Sequence[str]) -> dict[str, Outcome]:
        """The bills that were saved but did not get through submit and audit."""
        try:
            for service in ("Submit", "Audit"):
                self._step(service, form, references)
        except ConnectorError as error:
            doubt = UnknownOutcome(
                f"saved, not audited: {error.message}",
                connector=NAME,
                operation=error.operation,
                vendor_code=error.vendor_code,
            )
            return dict.fromkeys(references, doubt)
        return {}

    def _step(self, service: str, form: str, references: Sequence[str]) -> None:
        status = self.wire.call(service, form, {"Numbers": list(references)})
        if not status["IsSuccess"]:
            first = (status.get("Errors") or [{}])[0]
            raise refusal(f"{service} {form}", status.get("MsgCode"), first)

    def _delete(self, form: str, operations: Sequence[Operation]) -> list[Outcome]:
        there = {str(row[0]): row[2] for row in self._rows(form, [o.reference for o in operations], [])}
        audited = [reference for reference, status in there.items() if status == AUDITED]
        if audited:
            self._step("UnAudit", form, audited)
        outcomes: list[Outcome] = []
        for operation in operations:
            outcomes.append(
                self._deleted(form, operation)
                if operation.reference in there
                else Confirmed(operation.remote_id)
            )
        return outcomes

    def _deleted(self, form: str, operation: Operation) -> Outcome:
        try:
            self._step("Delete", form, [operation.reference])
        except (AuthFailed, RateLimited):
            raise
        except ConnectorError as error:
            return error
        return Confirmed(operation.remote_id)

    def _model(self, known: FormConfig, operation: Operation, key: object) -> Document:
        # base data first: the vendor fills dependent fields in the order of the keys
        names = sorted(operation.document, key=lambda name: name not in known.base_data)
        model: Document = {"FID": key or 0, "FBillNo": operation.reference}
        for name in names:
            value = operation.document[name]
            model[name] = {"FNumber": value} if name in known.base_data else value
        return model


@contextmanager
def open_target(config: KingdeeCloudConfig, services: Services) -> Iterator[KingdeeCloudTarget]:
    """The target, closed on leaving."""
    target = KingdeeCloudTarget(config, services)
    with target.wire.http:
        yield target
