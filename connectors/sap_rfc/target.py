"""One unit of work per person, on one connection: lock, change, judge every RETURN, commit with WAIT, unlock.

A refusal takes its whole unit back: the others of that person are sent again without it. A commit whose answer was lost is in
doubt for that person alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from trivet.contract import Services
from trivet.errors import AuthFailed, ConnectorError, RateLimited, Rejected, Retryable, UnknownOutcome
from trivet.model import Confirmed, Found, Operation, Outcome

from .appraisals import Appraisals
from .bookings import Bookings, Prebookings
from .config import SapRfcConfig
from .library import NAME, Library
from .qualifications import Qualifications
from .sent import Entity, cannot, person_of
from .session import COMMIT, DEQUEUE, ENQUEUE, ROLLBACK, RfcSession, open_session
from .shapes import Shapes, record

MAX_OPS = 20


class SapRfcTarget:
    """See `trivet.contract.Target`. Dates are `YYYYMMDD`, numbers of objects and people text."""

    def __init__(self, config: SapRfcConfig) -> None:
        self.config, self.library, self.shapes = config, Library(config), Shapes()
        made: dict[str, Entity] = {
            "booking": Bookings(config), "prebooking": Prebookings(config), "qualification": Qualifications(config),
            "appraisal": Appraisals(config),
        }  # fmt: skip
        self.entities = {name: made[name] for name in config.entities}

    def check(self) -> None:
        """Logs on and has every function described that the entities need."""
        with open_session(self.library, self.shapes) as session:
            for function in self.functions():
                session.describe(function)

    def functions(self) -> list[str]:
        """Every function that the connection's entities call."""
        frame = (ENQUEUE, DEQUEUE, COMMIT, ROLLBACK)
        return sorted({*frame, *(name for entity in self.entities.values() for name in entity.functions)})

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """See `Target`."""
        entity = self._entity(operations[0].entity)
        units: dict[str | None, list[int]] = {}
        for i, operation in enumerate(operations):
            units.setdefault(person_of(operation, entity.person), []).append(i)
        outcomes: list[Outcome] = [
            cannot(
                "send", "the employee is not named", code="FIELD_REQUIRED", field=entity.person, cure="map it"
            )
        ] * len(operations)
        with ExitStack() as stack:
            session: RfcSession | None = None
            stop: ConnectorError | None = None
            for person, places in units.items():
                if person is None:
                    continue
                if stop is None and (session is None or session.poisoned):
                    try:
                        session = stack.enter_context(open_session(self.library, self.shapes))
                    except ConnectorError as error:
                        if places[0] == 0:
                            raise
                        stop = error
                said: list[Outcome] = [stop] * len(places) if stop else []
                if stop is None and session:
                    said = self._unit(session, entity, person, [operations[i] for i in places])
                    stop = next((one for one in said if isinstance(one, AuthFailed | RateLimited)), None)
                for i, one in zip(places, said, strict=True):
                    outcomes[i] = one
        return outcomes

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """See `Target`; one person's records are read together. How each entity's are known is said in its module."""
        here = self._entity(entity)
        people: dict[str, list[Operation]] = {}
        for operation in operations:
            person = person_of(operation, here.person)
            if person:
                people.setdefault(person, []).append(operation)
        found: dict[str, list[Found]] = {}
        with open_session(self.library, self.shapes) as session:
            for person, theirs in people.items():
                found |= here.find(session, person, theirs)
        return found

    def record_contracts(self, folder: Path) -> list[Path]:
        """Has the system describe every function that is used and writes each as JSON; the files, by name."""
        with open_session(self.library, self.shapes) as session:
            return record(folder, [session.description(name) for name in self.functions()])

    def _unit(
        self, session: RfcSession, entity: Entity, person: str, operations: Sequence[Operation]
    ) -> list[Outcome]:
        ids: list[str | None] = []
        try:
            with session.locked(person):
                for operation in operations:
                    before = session.standing
                    try:
                        ids.append(entity.send(session, operation))
                    except ConnectorError as error:
                        session.rollback()
                        said = self._named(entity, error)
                        # a change of this very operation may stand, whatever refused the rest of it
                        if isinstance(error, Rejected) and session.standing > before:
                            said = _doubt(error)
                        rest = _together(session, error)
                        return [said if i == len(ids) else rest for i in range(len(operations))]
                session.commit()
        except ConnectorError as error:
            return [self._named(entity, error)] * len(operations)
        return [Confirmed(remote_id) for remote_id in ids]

    def _named(self, entity: Entity, error: ConnectorError) -> ConnectorError:
        """The error with our name of the field."""
        if error.field:
            error.field = entity.fields.get(error.field, error.field)
        return error

    def _entity(self, name: str) -> Entity:
        if name not in self.entities:
            raise cannot(
                "send", f"entity {name} is not configured", code="ENTITY",
                cure=f"there are: {', '.join(self.entities)}; see `entities` of the connection",
            )  # fmt: skip
        return self.entities[name]


def _doubt(error: ConnectorError) -> UnknownOutcome:
    return UnknownOutcome(
        f"refused half-way: {error.message}",
        connector=NAME,
        operation=error.operation,
        vendor_code=error.vendor_code,
    )


def _together(session: RfcSession, error: ConnectorError) -> ConnectorError:
    """What a refusal means for the others of its unit."""
    if not isinstance(error, Rejected):
        return error
    if session.standing:
        return _doubt(error)
    return Retryable(
        "taken back with another change of this person that was refused",
        connector=NAME,
        operation=error.operation,
    )


@contextmanager
def open_target(config: SapRfcConfig, services: Services) -> Iterator[SapRfcTarget]:  # noqa: ARG001
    """The target; it opens a connection for each call and closes it again."""
    yield SapRfcTarget(config)
