"""Sends part after part; while the vendor works on one, the ledger works on its neighbours.

    prepare B   while A flies
    A lands     all confirmed: B is sent first, and A's outcomes are committed while it flies
                anything else: A's outcomes are committed first, and may stop B

Two parts are without a committed outcome at most. Where nothing can be asked, and between parts of different sorts (a
person's later steps wait for the earlier ones), one is committed before the next is prepared.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from trivet.delivery import policies
from trivet.delivery.forward import Ready, conclude, prepare
from trivet.delivery.sending import Answer, NotSent, send_all
from trivet.delivery.work import Work
from trivet.ledger.operations import StoredOperation
from trivet.model import Confirmed


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
        landed = self._landed()
        if ready is None or self.ended() or not _all_confirmed(landed):
            self._conclude(landed)
            landed = None
        if ready is None:
            return
        if self.ended():
            # its intent was committed in hope; provably nothing of it was sent
            conclude(self.work, ready, Answer([NotSent()] * len(ready.entries)))
            return
        bound = policies.bound(self.work.batch, ready.entries)
        self.flying = (ready, self.pool.submit(send_all, self.work, ready.wanted, bound, self.refused))
        self._conclude(landed)

    def land(self) -> None:
        """Waits for what flies and commits what came of it."""
        self._conclude(self._landed())

    def _landed(self) -> tuple[Ready, Answer] | None:
        if self.flying is None:
            return None
        (ready, sent), self.flying = self.flying, None
        return ready, sent.result()

    def _conclude(self, landed: tuple[Ready, Answer] | None) -> None:
        if landed is not None:
            self.held = conclude(self.work, *landed) or self.held

    def _beside(self, part: Sequence[StoredOperation]) -> bool:
        if self.flying is None or self.work.traits.asked_by == "nothing" or self.work.failing:
            return False
        before = self.flying[0].entries[0]
        return (before.position, before.kind, before.entity) == (
            part[0].position,
            part[0].kind,
            part[0].entity,
        )


def _all_confirmed(landed: tuple[Ready, Answer] | None) -> bool:
    return landed is not None and all(isinstance(one, Confirmed) for one in landed[1].outcomes)


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
