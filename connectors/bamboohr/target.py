"""Comments on an application: scores, report and term counts as text, our reference as the last line.

A comment can be neither read nor changed nor taken away through the API: an answer that is lost is a person's to clear up,
what is to be taken back as well, and a new result is one more comment under the same reference, which says that it replaces
the earlier one.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from trivet.contract import Services
from trivet.errors import AuthFailed, ConnectorError, RateLimited, Rejected, UnknownOutcome
from trivet.model import Confirmed, Found, Operation, Outcome

from .config import BambooHrConfig
from .wire import ATS, NAME, Wire, is_id

COMMENT = "comment"
KEY, TEXT = "application_id", "comment"


class BambooHrTarget:
    """See `trivet.contract.Target`; the one entity is `comment` {application_id, comment}."""

    def __init__(self, config: BambooHrConfig, services: Services) -> None:
        self.wire = Wire(config, services)

    def check(self) -> None:
        """Reads the statuses, for which the key's owner has to see the applicant tracking settings."""
        self.wire.read("check", f"{ATS}/statuses")

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """See `Target`."""
        return [self._sent(operation) for operation in operations]

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:  # noqa: ARG002
        """`Rejected`: see the module."""
        raise _refused(f"find {entity}", "NOT_POSSIBLE", "BambooHR has no way to read comments")

    def _sent(self, operation: Operation) -> Outcome:
        try:
            return self._commented(operation)
        except (AuthFailed, RateLimited):
            raise
        except ConnectorError as error:
            return error

    def _commented(self, operation: Operation) -> Outcome:
        said = f"{operation.kind} {operation.entity}"
        if operation.entity != COMMENT:
            raise _refused(said, "ENTITY", f"no entity {operation.entity}")
        if operation.kind == "delete":
            raise _refused(said, "NOT_POSSIBLE", "BambooHR has no way to take a comment away")
        name, text = str(operation.document.get(KEY, "")), operation.document.get(TEXT)
        if not name.isdecimal():
            raise _refused(said, "FIELD_TYPE", f"{name or 'nothing'} is no id of an application", KEY)
        if not isinstance(text, str) or not text:
            raise _refused(said, "FIELD_TYPE", "there is nothing to say", TEXT)
        body = {"type": "comment", "comment": _marked(operation, text)}
        answer = self.wire.write(said, "POST", f"{ATS}/applications/{name}/comments", body)
        if not isinstance(answer, dict) or not is_id(answer.get("id")):
            raise UnknownOutcome(
                "the answer names no comment", connector=NAME, operation=said, vendor_code="ANSWER_MALFORMED"
            )
        return Confirmed(str(answer["id"]))


@contextmanager
def open_target(config: BambooHrConfig, services: Services) -> Iterator[BambooHrTarget]:
    """The target, closed on leaving."""
    target = BambooHrTarget(config, services)
    with target.wire.http:
        yield target


def _marked(operation: Operation, text: str) -> str:
    replaces = " (replaces the earlier comment)" if operation.kind == "update" else ""
    return f"{text}\n\nTrivet reference: {operation.reference}{replaces}"


def _refused(operation: str, code: str, message: str, field: str | None = None) -> Rejected:
    return Rejected(message, connector=NAME, operation=operation, vendor_code=code, field=field)
