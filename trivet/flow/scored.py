"""What scoring brought and is not stored yet: written to the ledger together, in one transaction."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from trivet.ledger import batches, documents, recordings, scorings, set_asides
from trivet.ledger.audit import Event
from trivet.ledger.batches import Batch
from trivet.ledger.documents import NewDocument
from trivet.ledger.ledger import Ledger
from trivet.ledger.recordings import Recording
from trivet.ledger.scorings import Scoring
from trivet.ledger.set_asides import SetAside

MICRO = 1_000_000
"""The ledger counts money in millionths."""


@dataclass(slots=True)
class Outbox:
    """A context manager: whatever ends the work, what was done is stored."""

    ledger: Ledger
    batch: Batch
    counts: Counter[str] = field(default_factory=Counter)
    """Interviews stored so far (scored, unchanged, set_aside) and those that wait for a scorer (pending)."""
    cost: float = 0.0
    """What scorers billed and is not stored yet."""
    _fetched: list[Recording] = field(default_factory=list)
    _said: list[Scoring] = field(default_factory=list)
    _transcripts: list[Scoring] = field(default_factory=list)
    _assessed: dict[str, list[NewDocument]] = field(default_factory=dict)
    _refused: list[SetAside] = field(default_factory=list)
    _dropped: list[Event] = field(default_factory=list)

    def fetched(self, recording: Recording) -> None:
        """It lies in the store; a worker that dies before the flush leaves a file that the next one puts again."""
        self._fetched.append(recording)

    def said(
        self, scoring: Scoring, *, transcript: bool, cost: float = 0.0, dropped: Sequence[str] = ()
    ) -> None:
        """A scorer's answer, ticket or refusal, what it bills, and the fields of it that are not kept."""
        self._said.append(scoring)
        self.cost += cost
        if dropped:
            note = f"FIELD_PROHIBITED: {scoring.scorer} said {', '.join(dropped)}"
            self._dropped.append(Event(self.batch.id, scoring.interview, "FIELD_DROPPED", note=note))
        if transcript and scoring.answer is not None:
            self._transcripts.append(scoring)

    def assessed(self, interview: str, new: list[NewDocument]) -> None:
        """The interview's assessment; it was not set aside after all."""
        self._assessed[interview] = new

    def set_aside(self, entry: SetAside) -> None:
        """The interview did not go on."""
        self._refused.append(entry)

    def flush(self) -> None:
        """Stores everything in one transaction."""
        if not (self._fetched or self._said or self._assessed or self._refused):
            return
        with self.ledger.begin() as tx:
            recordings.put_many(tx, self.batch.tenant, self._fetched)
            scorings.put_many(tx, self.batch.tenant, self._said)
            changed = documents.put_many(
                tx, self.batch, [one for new in self._assessed.values() for one in new]
            )
            # papers last no time
            seconds = [one.answer.get("duration") or 0 for one in self._transcripts if one.answer]
            batches.count(
                tx, self.batch.id, scored=len(changed), recordings=len(seconds),
                audio_ms=sum(round(one * 1000) for one in seconds), cost_micro=round(self.cost * MICRO),
            )  # fmt: skip
            tx.events.extend(self._dropped)
            set_asides.resolve(tx, self.batch.tenant, "score", "interview", self._assessed)
            set_asides.add_many(tx, self.batch, self._refused)
        for new in self._assessed.values():
            self.counts["scored" if any((one.kind, one.id) in changed for one in new) else "unchanged"] += 1
        if self._refused:
            self.counts["set_aside"] += len(self._refused)
        for held in (
            self._fetched,
            self._said,
            self._transcripts,
            self._assessed,
            self._refused,
            self._dropped,
        ):
            held.clear()
        self.cost = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        self.flush()
