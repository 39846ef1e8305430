"""Records by the operations that the connection names: bulk where the request repeats, one a message where not.

A fault refuses a message, not its records: after one every record of the message is sent alone, so that only the
guilty one is refused. An asynchronous service takes a message and says nothing: `Accepted`, with the message's id as
ticket; `find` tells when the record is there.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from trivet.contract import Services
from trivet.errors import AuthFailed, ConfigError, ConnectorError, Rejected, Retryable
from trivet.model import Accepted, Confirmed, Document, Found, Operation, Outcome

from .config import EntityConfig, OperationConfig, SapSoapConfig
from .faults import NAME
from .message import errors, filled, judged, message_id, refusal, verify
from .paths import every, like, text
from .wire import Wire
from .wsdl import Offer

MAX_OPS = 50
_SEARCHED = 50
_NOBODY = "TRIVETCHECK22222"


class SapSoapTarget:
    """See `trivet.contract.Target`. Documents carry the WSDL's own element names, dates as `YYYY-MM-DD`."""

    def __init__(self, config: SapSoapConfig, services: Services) -> None:
        self.config = config
        self.now = services.now
        self.wire = Wire(config, services)

    def check(self) -> None:
        """Every configured operation and path exists in the WSDL, and every entity can be searched at the server."""
        for name, entity in self.config.entities.items():
            for word in ("create", "update", "delete", "find"):
                config: OperationConfig | None = getattr(entity, word)
                if config is not None:
                    place = f"{self.wire.file(config)}: {name}.{word} ({config.operation})"
                    log = None if word == "find" else self.config.log
                    verify(self.wire.offer(config), config, log, place)
            if self.wire.offer(entity.find).answer is None:
                raise ConfigError(
                    f"{name}: {entity.find.operation} has no answer and finds nothing", code="WSDL_OPERATION"
                )
        for name in self.config.entities:
            self.find(name, [Operation("check", _NOBODY, "create", name, {})])

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """See `Target`."""
        config = self._operation(operations[0])
        offered = self.wire.offer(config)
        outcomes: dict[str, Outcome] = {}
        groups = deque(self._messages(offered, config, operations, outcomes))
        sent = False
        while groups:
            group, message = groups.popleft()
            try:
                outcomes |= self._exchanged(offered, config, group, message)
            except Rejected as refused:
                if len(group) > 1:
                    groups.extendleft(([o], self._message(offered, config, [o])) for o in reversed(group))
                else:
                    outcomes |= self._alone(config, group[0], refused)
            except (Retryable, AuthFailed) as error:
                if not sent:
                    raise
                # the door has shut in the middle: what is left was not sent
                outcomes |= {o.key: error for o in (*group, *(o for later, _ in groups for o in later))}
                break
            except ConnectorError as error:
                outcomes |= {o.key: error for o in group}
            sent = True
        return [outcomes[o.key] for o in operations]

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """See `Target`."""
        config = self._entity(entity).find
        offered = self.wire.offer(config)
        wanted = {operation.reference: operation for operation in operations}
        size = _SEARCHED if config.items else 1
        found: dict[str, list[Found]] = {}
        for start in range(0, len(wanted), size):
            group = [replace(o, document={}) for o in list(wanted.values())[start : start + size]]
            for row in self._rows(offered, config, group):
                # an answer to a question about one record need not repeat our reference
                path = config.answer.reference
                reference = text(row, path) if path else group[0].reference
                if reference in wanted:
                    found.setdefault(reference, []).append(_found(config, row, wanted[reference].document))
        return found

    def _rows(self, offered: Offer, config: OperationConfig, group: Sequence[Operation]) -> list[Document]:
        try:
            answer = self.wire.call(
                offered,
                self._message(offered, config, group),
                (*self.config.refusals, *config.gone),
                write=False,
            )
        except Rejected as refused:
            if refused.vendor_code in config.gone:
                return []
            raise
        for item in errors(self.config.log, answer):
            error = refusal(offered.name, self.config.log, item)
            if error.vendor_code not in config.gone:
                raise error
        return [row for row in every(answer, config.answer.items) if isinstance(row, dict)]

    def _messages(
        self,
        offered: Offer,
        config: OperationConfig,
        operations: Sequence[Operation],
        outcomes: dict[str, Outcome],
    ) -> list[tuple[Sequence[Operation], Any]]:
        """What goes out, and for whom. What does not fit is known before a byte is sent, and must not spoil the message for
        the others."""
        bulk = bool(config.items) and offered.answer is not None
        if bulk:
            with suppress(Rejected):
                return [(operations, self._message(offered, config, operations))]
        alone: list[tuple[Sequence[Operation], Any]] = []
        for operation in operations:
            try:
                alone.append(([operation], self._message(offered, config, [operation])))
            except Rejected as refused:
                outcomes[operation.key] = refused
        good = [operation for operation in operations if operation.key not in outcomes]
        return [(good, self._message(offered, config, good))] if bulk and good else alone

    def _message(self, offered: Offer, config: OperationConfig, group: Sequence[Operation]) -> Any:
        return self.wire.envelope(offered, filled(offered, config, group, self.now()))

    def _exchanged(
        self, offered: Offer, config: OperationConfig, group: Sequence[Operation], message: Any
    ) -> Mapping[str, Outcome]:
        answer = self.wire.call(offered, message, (*self.config.refusals, *config.gone), write=True)
        if answer is None:
            return {o.key: Accepted(message_id(group)) for o in group}
        return judged(offered, config, self.config.log, group, answer)

    def _alone(
        self, config: OperationConfig, operation: Operation, refused: Rejected
    ) -> Mapping[str, Outcome]:
        gone = operation.kind == "delete" and refused.vendor_code in config.gone
        return {operation.key: Confirmed(operation.remote_id) if gone else refused}

    def _entity(self, name: str) -> EntityConfig:
        if name not in self.config.entities:
            raise Rejected(
                f"{name} is not configured", connector=NAME, operation="send", vendor_code="ENTITY",
                cure="add it to `entities` of the connection",
            )  # fmt: skip
        return self.config.entities[name]

    def _operation(self, operation: Operation) -> OperationConfig:
        config: OperationConfig | None = getattr(self._entity(operation.entity), operation.kind)
        if config is None:
            raise Rejected(
                f"{operation.entity} has no operation to {operation.kind}", connector=NAME, operation=operation.kind,
                vendor_code="ENTITY", cure=f"name one as `{operation.kind}` of the entity, if the service has it",
            )  # fmt: skip
        return config


def _found(config: OperationConfig, row: Document, sent: Document) -> Found:
    told = config.answer
    inner = f"{told.document}/" if told.document else ""
    ours = {path.removeprefix(inner).split("/")[0] for path in (told.reference, told.id, told.success)}
    document: Document = next(every(row, told.document), {})
    return Found(text(row, told.id), like(sent, {n: value for n, value in document.items() if n not in ours}))


@contextmanager
def open_target(config: SapSoapConfig, services: Services) -> Iterator[SapSoapTarget]:
    """The target, closed on leaving."""
    target = SapSoapTarget(config, services)
    with target.wire.http:
        yield target
