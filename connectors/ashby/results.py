"""Tells Ashby what an assessment has come to: `assessment.update` {assessment_id, timestamp, assessment_status, …}.

    started    assessment_status with the value Started
    result     assessment_result (its presence completes the assessment), assessment_profile_url, metadata

`timestamp` is in milliseconds and grows with every update of an assessment: it is the time of sending, so that the same may be
sent again and a late copy of an earlier update changes nothing. After the reference page of assessment.update
(developers.ashbyhq.com), which asks for a status with everything but a cancellation, and for the address with a result.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from trivet.contract import Services
from trivet.errors import AuthFailed, ConnectorError, RateLimited, Rejected
from trivet.model import Confirmed, Found, Operation, Outcome

from .assessments import NAME
from .config import AshbyAssessmentsConfig
from .wire import Wire, is_id

ENTITIES, ID = ("started", "result"), "assessment_id"
UPDATE = "assessment.update"


class AshbyResults:
    """See `trivet.contract.Target`; the entities are `started` and `result`."""

    def __init__(self, config: AshbyAssessmentsConfig, services: Services) -> None:
        self.services = services
        self.wire = Wire(config, services)
        self.last = 0

    def check(self) -> None:
        """Nothing: the key need not be allowed to read, and there is no update that changes nothing."""

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """See `Target`."""
        return [self._sent(operation) for operation in operations]

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:  # noqa: ARG002
        """Nothing can be asked."""
        return {}

    def _sent(self, operation: Operation) -> Outcome:
        try:
            return self._told(operation)
        except ConnectorError as error:
            # the wire speaks of the connector that it was made for
            error.connector = NAME
            if isinstance(error, AuthFailed | RateLimited):
                raise
            return error

    def _told(self, operation: Operation) -> Outcome:
        if operation.kind == "delete" or operation.entity not in ENTITIES:
            raise _refused("ENTITY", f"no {operation.kind} of {operation.entity}")
        name = operation.document.get(ID)
        if not is_id(name):
            raise _refused("FIELD_TYPE", "this is no id of an assessment", ID)
        # two updates of one assessment in the same millisecond would be one too many
        self.last = max(int(self.services.now().timestamp() * 1000), self.last + 1)
        self.wire.write(UPDATE, {**operation.document, "timestamp": self.last})
        return Confirmed(str(name))


@contextmanager
def open_results(config: AshbyAssessmentsConfig, services: Services) -> Iterator[AshbyResults]:
    """The target, closed on leaving."""
    target = AshbyResults(config, services)
    with target.wire.http:
        yield target


def _refused(code: str, message: str, field: str | None = None) -> Rejected:
    return Rejected(message, connector=NAME, operation=UPDATE, vendor_code=code, field=field)
