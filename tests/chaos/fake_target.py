"""An ERP in memory that misbehaves as planned: per mutating request one fault, and a log of everything it did."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from trivet.contract import TargetTraits
from trivet.errors import AuthFailed, RateLimited, Rejected, Retryable, UnknownOutcome
from trivet.model import Accepted, Confirmed, Document, Found, Operation, Outcome

Fault = Literal[
    "none",
    "lost_before",
    "lost_after",
    "late",
    "twice",
    "twice_late",
    "retryable",
    "limited",
    "auth",
    "bug",
    "crash_before",
    "crash_after",
    "accepted",
    "one_lost",
    "one_busy",
]
WHERE = {"connector": "fake", "operation": "send"}


class Crash(BaseException):
    """The process dies here."""


@dataclass
class Row:
    """One live record."""

    remote_id: str
    entity: str
    reference: str | None
    document: Document


@dataclass
class FakeTarget:
    """`faults` are used up one per `send`; `refuses` tells which documents are refused; `now` is the test's clock."""

    now: Callable[[], datetime]
    traits: TargetTraits
    faults: Iterator[Fault]
    refuses: Callable[[Operation], bool] = lambda operation: bool(operation.document.get("bad"))
    rows: list[Row] = field(default_factory=list)
    sent: list[tuple[str, str, str | None]] = field(default_factory=list)
    late: list[tuple[datetime, Operation]] = field(default_factory=list)
    counter: int = 0
    on_send: Callable[[Sequence[Operation]], None] | None = None

    def check(self) -> None:
        """Nothing to prove."""

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:  # noqa: C901 - one branch a fault
        """Does what the fault says."""
        self._arrive()
        assert len(operations) <= self.traits.max_ops
        assert len({(operation.kind, operation.entity) for operation in operations}) == 1
        if self.on_send:
            self.on_send(operations)
        self.sent += [(operation.key, operation.kind, operation.remote_id) for operation in operations]
        fault = next(self.faults, "none")
        delay = timedelta(seconds=self.traits.quiet_seconds * 0.9)
        match fault:
            case "crash_before":
                raise Crash
            case "lost_before":
                raise UnknownOutcome("answer lost", **WHERE)
            case "late":
                self.late += [(self.now() + delay, operation) for operation in operations]
                raise UnknownOutcome("answer lost", **WHERE)
            case "retryable":
                raise Retryable("try later", **WHERE)
            case "limited":
                raise RateLimited("slow down", retry_after=7, **WHERE)
            case "auth":
                raise AuthFailed("no", **WHERE)
            case "one_busy":
                return [
                    Retryable("locked", **WHERE) if n == 0 else self._apply(operation)
                    for n, operation in enumerate(operations)
                ]
        outcomes = [self._apply(operation) for operation in operations]
        match fault:
            case "crash_after":
                raise Crash
            case "lost_after":
                raise UnknownOutcome("answer lost", **WHERE)
            case "bug":
                raise KeyError("a name")
            case "twice":
                for operation in operations:
                    self._apply(operation)
            case "twice_late":
                self.late += [(self.now() + delay, operation) for operation in operations]
            case "accepted":
                return [Accepted("t") if isinstance(o, Confirmed) else o for o in outcomes]
            case "one_lost":
                return [UnknownOutcome("lost", **WHERE), *outcomes[1:]]
        return outcomes

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """Live records by reference."""
        assert self.traits.asked_by != "nothing"
        self._arrive()
        found: dict[str, list[Found]] = {}
        wanted = {operation.reference for operation in operations}
        for row in self.rows:
            if row.entity == entity and row.reference in wanted:
                found.setdefault(row.reference or "", []).append(Found(row.remote_id, dict(row.document)))
        return found

    def snapshot(self) -> list[tuple[str, str | None, tuple[tuple[str, object], ...]]]:
        """The full state, without ids that the vendor made up."""
        self._arrive()
        return sorted(
            ((row.entity, row.reference, tuple(sorted(row.document.items()))) for row in self.rows), key=str
        )

    def _arrive(self) -> None:
        for moment, operation in list(self.late):
            if moment <= self.now():
                self.late.remove((moment, operation))
                self._apply(operation)

    def _apply(self, operation: Operation) -> Outcome:
        mine = [
            row
            for row in self.rows
            if row.entity == operation.entity
            and row.reference == operation.reference
            and operation.remote_id in (None, row.remote_id)
        ]
        if operation.kind == "delete":
            for row in mine:
                self.rows.remove(row)
            return Confirmed(None)
        if self.refuses(operation):
            return Rejected("bad value", vendor_code="E42", field="bad", **WHERE)
        if operation.kind == "update":
            if not mine:
                return Rejected("no such record", vendor_code="E404", **WHERE)
            mine[0].document.update(operation.document)
            return Confirmed(mine[0].remote_id)
        if self.traits.asked_by == "unique_reference" and mine:
            return Confirmed(mine[0].remote_id)
        self.counter += 1
        row = Row(f"r{self.counter}", operation.entity, operation.reference, dict(operation.document))
        self.rows.append(row)
        return Confirmed(row.remote_id)
