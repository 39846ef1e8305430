"""What the services know: employees, codes and what became of people, each list by one query that is read whole."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from trivet.contract import Services
from trivet.errors import Rejected, Retryable
from trivet.model import Cursor, Page, Record

from .config import SapSoapConfig
from .faults import NAME
from .message import errors, filled, refusal, verify
from .paths import every, text
from .wire import Wire


class SapSoapSource:
    """See `trivet.contract.Source`; the cursor is empty, as the queries tell no times of change."""

    def __init__(self, config: SapSoapConfig, services: Services, streams: tuple[str, ...]) -> None:
        self.config, self.now = config, services.now
        self.streams = {str(name): one for name, one in config.streams.items() if name in streams}
        self.wire = Wire(config, services)

    def check(self) -> None:
        """Every configured list can be read."""
        if not self.streams:
            raise self._missing("check", "this port")
        for stream, config in self.streams.items():
            place = f"{self.wire.file(config)}: {stream} ({config.operation})"
            verify(self.wire.offer(config), config, None, place)
            next(self.pages(stream, None), None)

    def pages(self, stream: str, since: Cursor | None) -> Iterator[Page]:  # noqa: ARG002
        """See `Source`."""
        config = self.streams.get(stream)
        if config is None:
            raise self._missing("list", stream)
        offered = self.wire.offer(config)
        request = self.wire.envelope(offered, filled(offered, config, (), self.now()))
        answer = self.wire.call(offered, request, self.config.refusals, write=False)
        for item in errors(self.config.log, answer):
            raise refusal(offered.name, self.config.log, item)
        rows = [row for row in every(answer, config.answer.items) if isinstance(row, dict)]
        ids = [text(row, config.answer.id) for row in rows]
        if "" in ids or len(set(ids)) < len(ids):
            raise Retryable(
                "a row lacks its id, or two have the same", connector=NAME, operation=offered.name,
                vendor_code="SOAP_UNEXPECTED", cure=f"is `answer.id` of {stream} its path?",
            )  # fmt: skip
        if rows:
            yield Page(
                tuple(
                    Record.by_content(key, next(every(row, config.answer.document), row))
                    for key, row in zip(ids, rows, strict=True)
                ),
                Cursor(""),
            )

    def _missing(self, operation: str, stream: str) -> Rejected:
        return Rejected(
            f"no list is configured for {stream}", connector=NAME, operation=operation, vendor_code="STREAM",
            cure="name its query in `streams` of the connection",
        )  # fmt: skip


def opener(*streams: str) -> Callable[[SapSoapConfig, Services], AbstractContextManager[SapSoapSource]]:
    """How one port with these streams is built."""

    @contextmanager
    def build(config: SapSoapConfig, services: Services) -> Iterator[SapSoapSource]:
        source = SapSoapSource(config, services, streams)
        with source.wire.http:
            yield source

    return build
