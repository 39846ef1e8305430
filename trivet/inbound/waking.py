"""Starts a flow's event DAG when something was told, many events at once, until a batch has taken them.

Nothing depends on it: an event that starts no run, because Airflow is down or this process was killed, waits in the ledger,
is tried again here, and is read by the next night at the latest.

    stored ─► a short while for its neighbours ─► run event__<flow>, named after the event that has waited longest
                     ▲                                          │ Airflow is down, or nobody took it
                     └───────── some seconds, twice as long ────┘
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Self

from trivet.contract import Services
from trivet.dag_names import event_dag
from trivet.errors import ConfigError, TrivetError
from trivet.flow.definition import flow_files, load_flow
from trivet.flow.hear import telling
from trivet.flow.hub import Hub
from trivet.inbound.airflow_api import NAME, AirflowSettings, open_api
from trivet.ledger import inbox
from trivet.ledger.ledger import Ledger
from trivet.ledger.times import instant

log = logging.getLogger(__name__)
NEIGHBOURS = 0.2
"""Seconds in which events that come together become one run."""
FIRST_WAIT, LONGEST_WAIT = 2.0, 60.0
"""Seconds until what still waits is looked at again."""
AGAIN = 120.0
"""An event that no batch has taken for so many seconds may start another run: the first one may have died."""
Start = Callable[[str, str], bool]
"""Starts a run of the flow's event DAG under an id; False where that was done before."""


def listened_to(hub: Hub) -> dict[str, list[str]]:
    """By connection that may tell us of events the flows that read it.

    A flow that cannot be read, or lacks a connection, is left out with a warning: the others' vendors are heard all the same.
    """
    found: dict[str, list[str]] = {}
    for file in flow_files(hub.settings.home):
        try:
            for name in telling(hub, load_flow(hub.settings.home, file.stem)):
                found.setdefault(name, []).append(file.stem)
        except ConfigError as error:
            log.warning(
                "nothing is heard for %s until `trivet serve` starts anew: %s", file.stem, error.explained()
            )
    return found


@contextmanager
def open_waker(hub: Hub, flows: Mapping[str, Sequence[str]]) -> Iterator["Waker | None"]:
    """A waker at work, by the connection `airflow`; None where there is no such connection."""
    try:
        settings = hub.connections(NAME).config(AirflowSettings)
    except ConfigError as error:
        if error.code != "CONNECTION_MISSING":
            raise
        yield None
        return
    services = Services(NAME, hub.settings.home, hub.settings.state, hub.now)
    with open_api(settings, services) as api:
        start = lambda flow, name: api.start(event_dag(flow), name)  # noqa: E731
        with Waker(hub.ledger, flows, start, hub.now) as waker:
            yield waker


class Waker:
    """A thread that watches over waiting events while the context lasts."""

    def __init__(
        self, ledger: Ledger, flows: Mapping[str, Sequence[str]], start: Start, now: Callable[[], datetime]
    ) -> None:
        self.ledger, self.flows, self.start, self.now = ledger, flows, start, now
        """`flows`: by connection the flows that read it."""
        self._told, self._ends = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="waker", daemon=True)

    def wake(self) -> None:
        """Something new was stored; returns at once."""
        self._told.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        self._told.set()
        self._thread.join(timeout=30)

    def _watch(self) -> None:
        wait = FIRST_WAIT
        # at once: what came while nobody was here
        while not self._ends.is_set():
            self._told.clear()
            waits = self._look()
            wait = min(wait * 2, LONGEST_WAIT) if waits else FIRST_WAIT
            if self._told.wait(wait if waits else LONGEST_WAIT):
                wait = FIRST_WAIT
                self._ends.wait(NEIGHBOURS)

    def _look(self) -> bool:
        """Starts what has to be started; whether something waits."""
        waits = False
        for connection, flows in self.flows.items():
            try:
                with self.ledger.read() as tx:
                    oldest = inbox.oldest(tx, connection)
                if oldest is None:
                    continue
                waits = True
                name, since = oldest
                turn = int((self.now() - instant(since)).total_seconds() // AGAIN)
                for flow in flows:
                    if self.start(flow, f"{name}-{turn}"):
                        log.info("started %s for what %s told", flow, connection)
            except TrivetError as error:
                log.warning("events of %s wait: %s", connection, error.explained())
        return waits
