"""What an answer to a write means, for each of its operations: by status, by what the body says, by the words of `errors`.

status as configured   the body decides: `success`, then with `bulk` one result for each item
another below 400      nobody can tell: UnknownOutcome
another from 400 on    refused: its words say whether for good, for now, or because it is so already
"""

from collections.abc import Sequence
from typing import Any

from trivet.blotting import blotted
from trivet.described.places import Pointer, get, text_at
from trivet.errors import AuthFailed, ConnectorError, Rejected, Retryable, UnknownOutcome
from trivet.http import Reply
from trivet.model import Confirmed, Operation, Outcome

from .calls import Bulk, Write
from .config import Errors
from .wire import NAME, one_line, paused, readable


class Verdicts:
    """Judges the answers of one call."""

    def __init__(self, errors: Errors, call: Write) -> None:
        self.errors, self.call = errors, call

    def all(self, operations: Sequence[Operation], reply: Reply) -> list[Outcome]:
        """One outcome per operation, in order."""
        answer = readable(reply)
        if reply.status not in self.call.statuses:
            if reply.status < 400:
                return [_doubt(one, f"HTTP {reply.status} is not among `statuses`") for one in operations]
            return [self._refusal(one, answer, reply.status) for one in operations]
        if self.call.success is not None:
            if get(answer, self.call.success.at) is None and None not in self.call.success.equals:
                return [_doubt(one, "the answer does not say whether it went well") for one in operations]
            if not self.call.success.holds(answer):
                return [self._refusal(one, answer, reply.status) for one in operations]
        if self.call.bulk is None:
            return [self._done(one, answer) for one in operations]
        return self._each(self.call.bulk, operations, get(answer, self.call.bulk.items))

    def _each(self, bulk: Bulk, operations: Sequence[Operation], results: Any) -> list[Outcome]:
        if not isinstance(results, list):
            return [_doubt(one, "the answer holds no list of results") for one in operations]
        if bulk.reference is not None:
            named = {text_at(result, bulk.reference): result for result in results}
            found = [named.get(one.reference) for one in operations]
        else:
            # a list of another length cannot be told apart
            found = results if len(results) == len(operations) else [None] * len(operations)
        return [
            self._of_item(bulk, operation, result)
            for operation, result in zip(operations, found, strict=True)
        ]

    def _of_item(self, bulk: Bulk, operation: Operation, result: Any) -> Outcome:
        if get(result, bulk.success.at) is None and None not in bulk.success.equals:
            return _doubt(operation, "the answer has no result for this item")
        if bulk.success.holds(result):
            return self._done(operation, result)
        return self._refused(operation, result, (bulk.code, bulk.message, bulk.field), None)

    def _done(self, operation: Operation, answer: Any) -> Outcome:
        remote_id = text_at(answer, self.call.id)
        if operation.kind == "create" and self.call.id is not None and remote_id is None:
            return _doubt(operation, "the answer does not name the record")
        return Confirmed(remote_id or operation.remote_id, text_at(answer, self.call.version))

    def _refusal(self, operation: Operation, answer: Any, status: int) -> Outcome:
        errors = self.errors
        return self._refused(operation, answer, (errors.code, errors.message, errors.field), status)

    def _refused(
        self,
        operation: Operation,
        answer: Any,
        places: tuple[Pointer | None, Pointer | None, Pointer | None],
        status: int | None,
    ) -> Outcome:
        code, text, field = (text_at(answer, place) for place in places)
        words = {code or "", str(status or "")}
        where: dict[str, Any] = {
            "connector": NAME, "operation": _name(operation), "vendor_code": one_line(code or f"HTTP {status}"),
        }  # fmt: skip
        errors = self.errors
        if words & errors.gone and operation.kind == "delete":
            return Confirmed(operation.remote_id)
        if words & errors.duplicate and operation.kind == "create":
            return UnknownOutcome("a record with our reference may be there already", **where)
        if words & errors.too_many:
            return paused(where["operation"], where["vendor_code"])
        message = one_line(blotted(text or "", operation.document)) or "the system refuses it"
        if words & errors.login_lost:
            return AuthFailed(message, **where)
        kind: type[ConnectorError] = Retryable if words & errors.later else Rejected
        return kind(message, field=one_line(field) if field else None, **where)


def _name(operation: Operation) -> str:
    return f"{operation.kind} {operation.entity}"


def _doubt(operation: Operation, what: str) -> UnknownOutcome:
    return UnknownOutcome(what, connector=NAME, operation=_name(operation))
