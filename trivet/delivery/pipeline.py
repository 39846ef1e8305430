"""Sends part after part; while the vendor works on one, the next one's intent is committed.

Two parts are in the air at most. Where nothing can be asked, and between parts of different sorts (a person's later steps
wait for the earlier ones), one lands before the next is prepared.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from trivet.delivery import policies
from trivet.delivery.forward import Ready, conclude, prepare
from trivet.delivery.sending import Answer, NotSent, send_all
from trivet.delivery.work import Work
from trivet.ledger.operations import StoredOperation


@dataclass(slots=True)
class _Pipeline:
    work: Work
    pool: ThreadPoolExecutor
    held: bool = False
    refused: set[str] = field(default_factory=set)
    """Whom or what nothing more is sent of."""
    flying: tuple[Ready, Future[Answer]] | None = None

    def ended(self) -> bool:
        """Nothing more is to be sent."""
        return self.held or bool(self.work.stopped or self.work.bug)

    def take(self, part: Sequence[StoredOperation]) -> None:
        """Prepares the part beside the one that flies, and lets it fly when that one has landed."""
        if not self._beside(part):
            self.land()
        if self.ended():
            return
        ready = prepare(self.work, part)
        self.land()
        if ready is None:
            return
        if self.ended():
            # its intent was committed in hope; provably nothing of it was sent
            conclude(self.work, ready, Answer([NotSent()] * len(ready.entries)))
            return
        bound = policies.bound(self.work.batch, ready.entries)
        sent = self.pool.submit(send_all, self.work, ready.wanted, bound, self.refused)
        self.flying = (ready, sent)

    def land(self) -> None:
        """Waits for what flies and commits what came of it."""
        if self.flying is not None:
            (ready, sent), self.flying = self.flying, None
            self.held = conclude(self.work, ready, sent.result()) or self.held

    def _beside(self, part: Sequence[StoredOperation]) -> bool:
        if self.flying is None or self.work.traits.asked_by == "nothing" or self.work.failing:
            return False
        before = self.flying[0].entries[0]
        return (before.position, before.kind, before.entity) == (
            part[0].position,
            part[0].kind,
            part[0].entity,
        )


def send_parts(
    work: Work, parts: Iterable[Sequence[StoredOperation]], on_part: Callable[[int], None]
) -> bool:
    """Sends them until the connection must stop; True where the batch is to be held. `on_part` gets each part's size."""
    with ThreadPoolExecutor(1) as pool:
        line = _Pipeline(work, pool)
        for part in parts:
            line.take(part)
            if line.ended():
                break
            on_part(len(part))
        line.land()
        return line.held
