"""Tells Greenhouse that a test is completed: `PATCH` of the address that came with the order, with no body.

Greenhouse then asks for the status (`assessments`), and takes what it is told; the same again changes nothing more, and nobody
can be asked what became of it. The address is somebody else's data: only the configured origins are called, and the key goes
nowhere else. Only active candidates who are not hired are updated, says the vendor's page.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from trivet.contract import Services
from trivet.errors import AuthFailed, ConnectorError, RateLimited, Rejected
from trivet.http import HttpClient, Reply
from trivet.model import Confirmed, Found, Operation, Outcome

from .assessments import NAME
from .config import GreenhouseAssessmentsConfig

ENTITY, CALLBACK = "result", "callback"


class GreenhouseResults:
    """See `trivet.contract.Target`; the one entity is `result` {callback, partner_profile_url, partner_score, metadata}."""

    def __init__(self, config: GreenhouseAssessmentsConfig, clients: Mapping[str, HttpClient]) -> None:
        self.config, self.clients = config, clients

    def check(self) -> None:
        """Nothing: the vendor offers a partner no call that changes nothing."""

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """See `Target`."""
        return [self._sent(operation) for operation in operations]

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:  # noqa: ARG002
        """Nothing can be asked."""
        return {}

    def _sent(self, operation: Operation) -> Outcome:
        try:
            return self._told(operation)
        except (AuthFailed, RateLimited):
            raise
        except ConnectorError as error:
            return error

    def _told(self, operation: Operation) -> Outcome:
        if operation.entity != ENTITY or operation.kind == "delete":
            raise _refused("ENTITY", f"no {operation.kind} of {operation.entity}")
        callback = str(operation.document.get(CALLBACK, ""))
        there = self.config.callback(callback)
        if there is None:
            raise _refused("CALLBACK_ORIGIN", "the address is not among `callback_origins`", CALLBACK)
        origin, path = there
        reply = self.clients[origin].write("tell result", "PATCH", path)
        if reply.status >= 300:
            raise _refused(f"HTTP {reply.status}", _why(reply), CALLBACK)
        return Confirmed(path.partition("?")[0].rpartition("/")[2])


def _why(reply: Reply) -> str:
    if reply.status == 404:
        return "there is no such test (any more), or the candidate is hired or rejected"
    return "Greenhouse leads to another address" if reply.status < 400 else f"HTTP {reply.status}"


@contextmanager
def open_results(config: GreenhouseAssessmentsConfig, services: Services) -> Iterator[GreenhouseResults]:
    """The target, closed on leaving."""
    pair = base64.b64encode(f"{config.api_key.get_secret_value()}:".encode()).decode()
    with ExitStack() as stack:
        clients = {
            origin: stack.enter_context(
                HttpClient(
                    NAME, origin, services, authenticate=lambda: {"Authorization": f"Basic {pair}"}, network=config,
                    refuses_before_work=True,  # and if not, the same again changes nothing
                )
            )
            for origin in config.callback_origins
        }  # fmt: skip
        yield GreenhouseResults(config, clients)


def _refused(code: str, message: str, field: str | None = None) -> Rejected:
    return Rejected(message, connector=NAME, operation="tell result", vendor_code=code, field=field)
