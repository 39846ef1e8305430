"""An ERP in memory that misbehaves as planned: per mutating request one fault, and a log of everything it did."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import RLock
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
    edited: bool = False
    """By a person, since we last wrote it."""


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
    one: RLock = field(default_factory=RLock)
    """Senders may be threads."""
    broken: list[str] = field(default_factory=list)
    """What no well-behaved caller does."""
    refused: set[str] = field(default_factory=set)
    paused_until: datetime | None = None
    zombies: bool = False
    """Two workers may send at once here: what that window leaves is judged in the end only."""
    doubled: bool = False
    """A request came a second time, later."""

    def check(self) -> None:
        """Nothing to prove."""

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """Does what the fault says."""
        with self.one:
            return self._send(operations)

    def _send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:  # noqa: C901 - one branch a fault
        self._arrive()
        assert len(operations) <= self.traits.max_ops
        assert len({(operation.kind, operation.entity) for operation in operations}) == 1
        if self.on_send:
            self.on_send(operations)
        self._manners(operations)
        self.sent += [(operation.key, operation.kind, operation.remote_id) for operation in operations]
        fault = next(self.faults, "none")
        harmless = {"twice"} if self.traits.repeatable else set()
        if self.traits.asked_by == "nothing" and fault in {"twice", "twice_late"} - harmless:
            fault = "none"  # nobody can see a double there, the engine least of all
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
                self.paused_until = self.now() + timedelta(seconds=7)
                raise RateLimited("slow down", retry_after=7, **WHERE)
            case "auth":
                raise AuthFailed("no", **WHERE)
            case "one_busy":
                return self._said(
                    [
                        Retryable("locked", **WHERE) if n == 0 else self._apply(operation)
                        for n, operation in enumerate(operations)
                    ],
                    operations,
                )
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
                    self._apply(operation, again=True)
            case "twice_late":
                self.doubled = True
                self.late += [(self.now() + delay, operation) for operation in operations]
            case "accepted":
                outcomes = [Accepted("t") if isinstance(o, Confirmed) else o for o in outcomes]
            case "one_lost":
                outcomes = [UnknownOutcome("lost", **WHERE), *outcomes[1:]]
        return self._said(outcomes, operations)

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """Live records by reference."""
        assert self.traits.asked_by != "nothing"
        with self.one:
            return self._find(entity, operations)

    def _find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
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
                self._apply(operation, again=self.doubled)

    def _said(self, outcomes: list[Outcome], operations: Sequence[Operation]) -> list[Outcome]:
        """The answer; what it refuses is refused for good."""
        said = zip(operations, outcomes, strict=True)
        self.refused |= {one.key for one, outcome in said if isinstance(outcome, Rejected)}
        return outcomes

    def _manners(self, operations: Sequence[Operation]) -> None:
        """What the caller must not do."""
        if self.paused_until and self.now() < self.paused_until:
            self.broken.append("I14: sent before the pause that was asked for was over")
        again = sorted(one.key for one in operations if one.key in self.refused)
        if again:
            self.broken.append(f"I14: {again} sent again after a refusal")
        kinds = {one.kind for one in operations}
        if ("delete" in kinds and not self.traits.deletes) or ("update" in kinds and not self.traits.updates):
            self.broken.append(f"the target cannot do {kinds}")
        for row in self.rows:
            backwards = {one.reference for one in operations if one.key.endswith("-UNDO")}
            if row.edited and row.reference in backwards:
                self.broken.append(f"I4: what a person changed in {row.reference} is taken back")

    def _apply(self, operation: Operation, *, again: bool = False) -> Outcome:
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
        if self.traits.repeatable and mine:
            # as documented: what is sent takes the place of what was there
            mine[0].document = dict(operation.document)
            mine[0].edited = False
            return Confirmed(mine[0].remote_id)
        if operation.kind == "update" and not self.traits.repeatable:
            if not mine:
                return Rejected("no such record", vendor_code="E404", **WHERE)
            mine[0].document.update(operation.document)
            mine[0].edited = False
            return Confirmed(mine[0].remote_id)
        if self.traits.asked_by == "unique_reference" and mine:
            return Confirmed(mine[0].remote_id)
        if mine and not again and not self.zombies:
            self.broken.append(f"I2: {operation.key} was created while it was there")
        if (
            any(row.document.get("name", 0) == operation.document.get("name", 1) for row in self.rows)
            and not mine
        ):
            self.broken.append(f"I2: {operation.document['name']} was created beside itself")
        self.counter += 1
        row = Row(f"r{self.counter}", operation.entity, operation.reference, dict(operation.document))
        self.rows.append(row)
        return Confirmed(row.remote_id)
