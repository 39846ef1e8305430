"""The scorers at work in one step: each built when it is first needed, who stands in for one that is down, what may be spent."""

import logging
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from trivet.contract import FEELINGS, RecordingsConnector, ScorerConnector
from trivet.errors import (
    AuthFailed,
    ConfigError,
    ConnectorError,
    NotYet,
    Retryable,
    TrivetError,
    UnknownOutcome,
)
from trivet.flow.definition import Flow
from trivet.flow.fetch import Fetcher
from trivet.flow.hub import Hub
from trivet.flow.privacy.residency import Border
from trivet.flow.scored import MICRO, Outbox
from trivet.ledger import batches, scorings
from trivet.ledger.batches import Batch
from trivet.ledger.scorings import Scoring
from trivet.model import Document
from trivet.store import NAME as STORE
from trivet.store import parts

log = logging.getLogger(__name__)
DOWN = (Retryable, AuthFailed, UnknownOutcome)
"""What another scorer is asked for instead; a refusal is about the recording, and the next one would refuse as well."""
FAILURES = 3
"""In a row; then a scorer with somebody to stand in is left alone for the rest of the step."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A scorer at work in this step."""

    connection: str
    declaration: ScorerConnector[Any]
    scorer: Any
    provenance: Document


@dataclass(slots=True)
class Bench:
    """The built scorers and recording source of one step."""

    hub: Hub
    flow: Flow
    batch: Batch
    stack: ExitStack
    outbox: Outbox
    border: Border
    flagged: set[str] = field(default_factory=set)
    """Competencies of these assessments that are named after feelings."""
    fetcher: Fetcher = field(init=False)
    """The recordings of the interviews at hand."""
    _known: dict[str, Scoring] = field(default_factory=dict)
    _pending: dict[str, list[Scoring]] = field(default_factory=dict)
    _declared: dict[str, ScorerConnector[Any]] = field(default_factory=dict)
    _seats: dict[str, Seat] = field(default_factory=dict)
    _failures: dict[str, int] = field(default_factory=dict)
    _source: Any = None

    def seat(self, conn_id: str, looks_at: str = "words") -> Seat:
        """The scorer of that connection; `ConfigError` SCORER_LOOKS_ELSEWHERE where it looks at something else."""
        if conn_id not in self._seats:
            declaration = self.declared(conn_id)
            if declaration.traits.infers_from != looks_at:
                raise ConfigError(
                    f"{conn_id} looks at {declaration.traits.infers_from}, not at {looks_at}",
                    code="SCORER_LOOKS_ELSEWHERE", place=str(self.flow.file),
                    cure="only what was said is scored; a scorer of faces goes under scoring.expression",
                )  # fmt: skip
            feelings = [what for what in declaration.traits.infers if FEELINGS.search(what)]
            if feelings:
                raise ConfigError(
                    f"{conn_id} declares that it infers {', '.join(feelings)}", code="SCORER_INFERS_FEELINGS",
                    place=str(self.flow.file), cure="take this scorer out of the flow: no scorer may tell of feelings",
                )  # fmt: skip
            scorer = self.stack.enter_context(self.hub.built(ScorerConnector, conn_id))
            self._seats[conn_id] = Seat(conn_id, declaration, scorer, scorer.provenance())
        return self._seats[conn_id]

    def declared(self, conn_id: str) -> ScorerConnector[Any]:
        """What that connection's scorer says of itself; asked once, for in Airflow a connection is a call to its server."""
        if conn_id not in self._declared:
            self._declared[conn_id], _ = self.hub.declared(ScorerConnector, conn_id)
        return self._declared[conn_id]

    def seats(self) -> list[Seat]:
        """The scorers that were needed."""
        return list(self._seats.values())

    def rests(self, seat: Seat) -> bool:
        """True where it failed too often to be asked again in this step."""
        return self._failures.get(seat.connection, 0) >= FAILURES

    def store_stays_away(self, error: TrivetError) -> bool:
        """Counts what the store of recordings did not do; True where the rest of the step need not ask it any more."""
        if isinstance(error, Retryable) and error.connector == STORE:
            self._failures[STORE] = self._failures.get(STORE, 0) + 1
        return self._failures.get(STORE, 0) >= FAILURES

    def failed(self, seat: Seat, error: ConnectorError) -> None:
        """It was down."""
        if error.connector == STORE:
            return
        self._failures[seat.connection] = self._failures.get(seat.connection, 0) + 1
        log.warning("scorer down connection=%s %s", seat.connection, error)

    def answered(self, seat: Seat) -> None:
        """It works."""
        self._failures.pop(seat.connection, None)

    def remember(self, known: list[Scoring], fetcher: Fetcher) -> None:
        """What scorers said before about the interviews at hand, and their recordings."""
        self.fetcher = fetcher
        self._known = {entry.key: entry for entry in known}
        self._pending = {}
        for entry in known:
            if entry.state == "pending":
                self._pending.setdefault(entry.interview, []).append(entry)

    def pending(self, interview: str) -> list[Scoring]:
        """What was ordered before of that interview and had no answer when this look began."""
        return self._pending.get(interview, [])

    def heard(self, seat: Seat, key: str) -> Scoring | None:
        """What the scorer said before; asking costs more than looking where it is not cheap."""
        if key in self._known or seat.declaration.traits.cheap:
            return self._known.get(key)
        with self.hub.ledger.read() as tx:
            return scorings.get_many(tx, self.flow.tenant, [key]).get(key)

    def source(self) -> Any:
        """Where recordings come from."""
        if self._source is None:
            assert self.flow.recordings is not None
            self.hub.store.sweep()
            parts.sweep(self.hub.settings.listening)
            self._source = self.stack.enter_context(self.hub.built(RecordingsConnector, self.flow.recordings))
        return self._source

    def afford(self, seat: Seat) -> None:
        """Raises `NotYet` BUDGET_SPENT where this batch has spent what the flow allows; asked before what may cost."""
        if self.flow.budget is None or seat.declaration.traits.cheap:
            return
        with self.hub.ledger.read() as tx:
            spent = batches.get(tx, self.batch.id).counters.get("cost_micro", 0) / MICRO
        if spent >= self.flow.budget:
            raise NotYet(
                f"{spent:.2f} of {self.flow.budget:.2f} are spent in this batch", connector=seat.declaration.name,
                operation="score", vendor_code="BUDGET_SPENT",
                cure="the next night goes on; raise scoring.budget in the flow file to go on sooner",
            )  # fmt: skip
