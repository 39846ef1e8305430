"""The described service on the wire: a call that scores, a question after a ticket, refusals by code."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from trivet.contract import Services
from trivet.described.places import Pointer, filled, get, text_at
from trivet.described.proof import Proof
from trivet.errors import Rejected, Retryable
from trivet.http import HttpClient, Reply

from .config import HttpScorerConfig, Ticket

NAME = "http_scorer"
SCORE, POLL = "score", "poll"


class Wire:
    """One service's client."""

    def __init__(self, config: HttpScorerConfig, services: Services) -> None:
        self.config = config
        self.proof = Proof(NAME, config.auth, config.login, config.secret.get_secret_value())
        self.http = HttpClient(
            NAME,
            config.base_url,
            services,
            authenticate=lambda: self.proof.headers(self.http),
            network=config,
        )

    def check(self) -> None:
        """The configured path answers 200."""
        if self.config.check_path is not None:
            path = self.proof.addressed(self.config.check_path)
            reply = self.http.read("check", "GET", path, headers=self.proof.of_body(b""))
            if reply.status != 200:
                self._refuse("check", reply)

    def scored(self, key: str, body: Any) -> Any:
        """The answer to a call that scores.

        A service that is told the key does equal work once, so a lost answer is asked for again; another one is not.
        """
        config = self.config
        data = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        headers = {"Content-Type": "application/json", **self.proof.of_body(data)}
        if config.key_header:
            headers[config.key_header] = key
        path = self.proof.addressed(filled(config.path, {"key": key}))
        call = self.http.read if config.key_header or "{key}" in config.path else self.http.write
        return self._judged(SCORE, call(SCORE, config.method, path, data=data, headers=headers))

    def asked(self, ticket: Ticket, value: str) -> Any:
        """The answer to the question after a ticket."""
        path = self.proof.addressed(filled(ticket.path, {"ticket": value}))
        reply = self.http.read(POLL, ticket.method, path, headers=self.proof.of_body(b""))
        if reply.status in (404, 410):
            raise refused(POLL, "TICKET_UNKNOWN", "the service does not know the ticket any more")
        return self._judged(POLL, reply)

    def _judged(self, operation: str, reply: Reply) -> Any:
        if reply.status not in (200, 201, 202):
            self._refuse(operation, reply)
        return _decoded(operation, reply)

    def _refuse(self, operation: str, reply: Reply) -> NoReturn:
        try:
            said = reply.json()
        except (ValueError, RecursionError):
            said = None
        self.refuse(operation, said, self.config.error_code, f"HTTP {reply.status}")

    def refuse(self, operation: str, said: Any, at: Pointer | None, otherwise: str) -> NoReturn:
        """Raises what a refusal means, by its own code."""
        code = " ".join((text_at(said, at) or otherwise).split())[:100]
        later = {code, otherwise.removeprefix("HTTP ")} & self.config.later
        kind = Retryable if later else Rejected
        raise kind("the service refuses the call", connector=NAME, operation=operation, vendor_code=code)


def _decoded(operation: str, reply: Reply) -> Any:
    """The body as JSON; what JSON does not know is refused by its own code, for it comes again."""
    try:
        return reply.json()
    except RecursionError:
        raise refused(operation, "JSON_LIMIT", "the answer is nested too deep") from None
    except ValueError:
        pass
    odd: set[str] = set()
    try:
        json.loads(reply.body, parse_constant=odd.add, object_pairs_hook=lambda pairs: _noting(pairs, odd))
    except ValueError:
        raise Retryable(
            "the answer is not JSON", connector=NAME, operation=operation, vendor_code="JSON_SYNTAX"
        ) from None
    if "twice" in odd:
        raise refused(operation, "JSON_DUPLICATE_KEY", "the answer holds a key twice")
    raise refused(operation, "SCORE_NOT_FINITE", "the answer holds NaN or Infinity, which JSON does not know")


def _noting(pairs: list[tuple[str, Any]], odd: set[str]) -> Mapping[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        odd.add("twice")
    return made


def refused(
    operation: str, code: str, message: str, *, field: str | None = None, cure: str | None = None
) -> Rejected:
    """A refusal of our own."""
    return Rejected(message, connector=NAME, operation=operation, vendor_code=code, field=field, cure=cure)


def listed(operation: str, said: Any, at: Pointer) -> list[Any]:
    """The list that stands there; `Rejected` ANSWER_MALFORMED where none does."""
    found = get(said, at)
    if not isinstance(found, list):
        raise refused(
            operation, "ANSWER_MALFORMED", f"there is no list at {at or 'the top'} of the answer",
            cure="compare `answer` of the connection with what the service answers",
        )  # fmt: skip
    return found
