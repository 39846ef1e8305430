"""What Lever takes back: a note or a report at the opportunity that it is about.

Lever knows no key of ours and no search across opportunities: what carries our reference is looked for at the opportunities
that the operations name. An id that we keep is `<opportunity>/<note or file>`, for neither is found without the other.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from trivet.contract import Services
from trivet.errors import AuthFailed, ConfigError, ConnectorError, RateLimited, Rejected
from trivet.model import Confirmed, Found, Operation, Outcome

from . import notes, reports
from .config import LeverConfig
from .wire import NAME, Wire, absent, is_id

OWNER = "opportunity_id"
FIELDS: Mapping[str, tuple[str, ...]] = {notes.NOTE: notes.FIELDS, reports.REPORT: reports.FIELDS}


class LeverTarget:
    """See `trivet.contract.Target`; the entities are `note` and `report`."""

    def __init__(self, config: LeverConfig, services: Services) -> None:
        self.config = config
        self.wire = Wire(config, services)
        self.entities: Mapping[str, notes.Notes | reports.Reports] = {
            notes.NOTE: notes.Notes(self.wire),
            reports.REPORT: reports.Reports(self.wire),
        }

    def check(self) -> None:
        """Reads an opportunity's notes, and the user in whose name we write."""
        rows, _ = self.wire.page("list opportunities", "/opportunities", {"limit": 1})
        for row in rows:
            self.wire.page("list notes", f"/opportunities/{row['id']}/notes", {"limit": 1})
        name = self.config.perform_as
        if name is None:
            return
        user = self.wire.one("get user", f"/users/{name}") if is_id(name) else None
        if user is None or user.get("deactivatedAt") is not None:
            raise ConfigError(
                "`perform_as` is no active user of this account", code="PERFORM_AS",
                cure="take the id of one from GET /users, or from the address of the user's page in Lever",
            )  # fmt: skip

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """See `Target`."""
        return [self._sent(operation) for operation in operations]

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """See `Target`; asks once an opportunity."""
        self._known(entity)
        wanted = {operation.reference for operation in operations}
        named = [str(o.document.get(OWNER) or (o.remote_id or "").partition("/")[0]) for o in operations]
        found: dict[str, list[Found]] = {}
        for opportunity in dict.fromkeys(filter(is_id, named)):
            for reference, row in self.entities[entity].find(opportunity):
                if reference in wanted:
                    found.setdefault(reference, []).append(row)
        return found

    def _sent(self, operation: Operation) -> Outcome:
        try:
            return self._done(operation)
        except (AuthFailed, RateLimited):
            raise
        except ConnectorError as error:
            return error

    def _done(self, operation: Operation) -> Outcome:
        self._known(operation.entity)
        kind = self.entities[operation.entity]
        if operation.entity == reports.REPORT and self.config.perform_as is None:
            raise _refused(
                "PERFORM_AS", "files are written in the name of a user, and `perform_as` names none"
            )
        if operation.kind == "create":
            opportunity = self._owner(operation)
            try:
                return kind.create(opportunity, operation)
            except Rejected as error:
                if not absent(error):
                    raise
                raise _refused("NOT_FOUND", "there is no such opportunity (any more)", OWNER) from None
        opportunity, _, name = (operation.remote_id or "").partition("/")
        if not is_id(opportunity) or not is_id(name):
            raise _refused("REFERENCE", f"it is not known which {operation.entity} it is")
        if operation.kind == "update":
            self._owner(operation)
            return kind.update(opportunity, name, operation)
        try:
            kind.delete(opportunity, name)
        except Rejected as error:
            if not absent(error):
                raise
        return Confirmed(operation.remote_id)

    def _owner(self, operation: Operation) -> str:
        """The opportunity that the document names; its fields are known."""
        for field in operation.document:
            if field not in FIELDS[operation.entity]:
                raise _refused("MAPPING_UNKNOWN_FIELD", f"a {operation.entity} has no such field", field)
        name = operation.document.get(OWNER)
        if not is_id(name):
            raise _refused("FIELD_TYPE", "that is no id of an opportunity", OWNER)
        text = FIELDS[operation.entity][1]
        if not isinstance(operation.document.get(text), str):
            raise _refused("FIELD_TYPE", "that is no text", text)
        return str(name)

    def _known(self, entity: str) -> None:
        if entity not in self.entities:
            raise _refused("ENTITY", f"no entity {entity}")


@contextmanager
def open_target(config: LeverConfig, services: Services) -> Iterator[LeverTarget]:
    """The target, closed on leaving."""
    target = LeverTarget(config, services)
    with target.wire.http:
        yield target


def _refused(code: str, message: str, field: str | None = None) -> Rejected:
    return Rejected(message, connector=NAME, operation="send", vendor_code=code, field=field)
