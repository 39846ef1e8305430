"""SuccessFactors Learning over OData V4: completions told to it, programs assigned, completions read.

Another server with a token of its own (openedx/edx-enterprise, KBA 2558226). It keeps no reference of ours and documents no
read of what was sent, so nothing can be asked: an answer that is lost is a person's to clear up, and nothing is taken back.

    OCNLearningEvents   userID, courseID, providerID, courseCompleted, completedTimestamp (ms), grade …
    UserPrograms        userID, programID, programTypeID: sent with a token of that user, who has it assigned (KBA 2526585)
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, timedelta
from typing import Any, NoReturn

from trivet.contract import Services, instant, position
from trivet.errors import AuthFailed, Rejected, Retryable
from trivet.http import HttpClient, Reply
from trivet.model import Confirmed, Cursor, Document, Found, Operation, Outcome, Page, Record

from .config import LearningConfig
from .verdicts import refusal

NAME = "successfactors_learning"
TOKEN = "/learning/oauth-api/rest/v1/token"  # noqa: S105 - a path
EVENTS = "/learning/odatav4/public/admin/learningevent-service/v1/OCNLearningEvents"
PROGRAMS = "/learning/odatav4/public/user/userassignment-service/v1/UserPrograms"
MAX_OPS = 1
"""A call is about one event or one person, and one whose answer is lost goes to a person: not twenty at a time."""
BEHIND = timedelta(minutes=1)


class Learning:
    """One client of Learning, for the target and the list of completions."""

    def __init__(self, config: LearningConfig, services: Services) -> None:
        self.config, self.services = config, services
        self.http = self.client(config.user_id, "admin")

    def client(self, user: str, kind: str) -> HttpClient:
        """A client that speaks in the name of that user."""
        return HttpClient(
            NAME,
            self.config.base_url.rstrip("/"),
            self.services,
            authenticate=lambda: self._login(user, kind),
            network=self.config,
            refuses_before_work=True,  # "API calling limit exceeded, Try later" (KBA 3648498)
        )

    def _login(self, user: str, kind: str) -> Mapping[str, str]:
        secret = f"{self.config.client_id}:{self.config.client_secret.get_secret_value()}"
        scope = {
            "userId": user, "companyId": self.config.company, "userType": kind, "resourceType": "learning_public_api",
        }  # fmt: skip
        basic = {"Authorization": f"Basic {b64encode(secret.encode()).decode()}"}
        body = {"grant_type": "client_credentials", "scope": scope}
        reply, answer = self.http.ask_for_login("POST", TOKEN, json=body, headers=basic)
        if reply.status >= 400 or not isinstance(answer, dict) or "access_token" not in answer:
            raise AuthFailed(
                f"no token for a user of type {kind}", connector=NAME, operation="login",
                cure="compare client id, secret and company with the OAuth token server of Learning",
            )  # fmt: skip
        return {"Accept": "application/json", "Authorization": f"Bearer {answer['access_token']}"}


class LearningTarget:
    """See `trivet.contract.Target`. Documents carry the entity's own names, times in milliseconds."""

    def __init__(self, config: LearningConfig, services: Services) -> None:
        self.learning = Learning(config, services)

    def check(self) -> None:
        """Asks for a token."""
        # no read is documented that every client may make
        self.learning.http.log_in()

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """See `Target`."""
        (operation,) = operations
        said = f"{operation.kind} {operation.entity}"
        if operation.kind != "create":
            return [_refused(said, "Learning takes nothing back and changes nothing", "NOT_POSSIBLE")]
        if operation.entity == "OCNLearningEvents":
            return [self._told(said, operation.document)]
        if operation.entity == "UserPrograms":
            return [self._assigned(said, operation.document)]
        return [_refused(said, f"Learning has no entity {operation.entity} for us", "ENTITY")]

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:  # noqa: ARG002
        """`Rejected`: see the module."""
        raise _refused(f"find {entity}", "Learning keeps no reference of ours", "NOT_POSSIBLE")

    def _told(self, said: str, document: Document) -> Outcome:
        # SAP takes text where one would expect a boolean (openedx/edx-enterprise)
        body = {
            name: str(value).lower() if isinstance(value, bool) else value for name, value in document.items()
        }
        return _judged(said, self.learning.http, self.learning.http.write(said, "POST", EVENTS, json=body))

    def _assigned(self, said: str, document: Document) -> Outcome:
        program = {name: value for name, value in document.items() if name != "userID"}
        user = str(document.get("userID") or "")
        if not user:
            return _refused(said, "nobody to assign to", "USER_MISSING", "userID")
        with self.learning.client(user, "user") as client:
            reply = client.write(said, "POST", PROGRAMS, json={"userProgram": [program]})
            return _judged(said, client, reply)


class Completions:
    """See `trivet.contract.Feedback`: the stream `completions`, by a list that the connection names."""

    def __init__(self, config: LearningConfig, services: Services) -> None:
        self.config, self.services = config, services
        self.learning = Learning(config, services)

    def check(self) -> None:
        """Reads one row."""
        self._read("check", {"$top": 1})

    def pages(self, stream: str, since: Cursor | None) -> Iterator[Page]:
        """See `Source`; each page asks from the newest change on that was read, and overlaps by one row: where that row
        is not met again, one has changed meanwhile, and the moment is read from its beginning."""
        operation, size = f"list {stream}", self.config.page_size
        at = position(since, NAME, stream, lambda said: instant(said["from"])) or ""
        skip, seen, last = 0, set[tuple[str, str]](), None
        while True:
            latest = self.services.now().astimezone(UTC) - BEHIND
            rows = self._from(operation, at, skip)
            names = [self._named(operation, row) for row in rows]
            if last is not None and names[:1] != [last]:
                skip, last = 0, None
                continue
            if rows:
                moment = names[-1][1]
                skip = skip if moment == at else 0
                new = [row for name, row in zip(names, rows, strict=True) if name not in seen]
                same = {name for name in names if name[1] == moment}
                seen = seen | same if moment == at else same
                at, skip, last = moment, skip + len(same) - 1, names[-1]
                stored = min(at, latest.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
                yield Page(tuple(self._record(row) for row in new), Cursor(json.dumps({"from": stored})))
            if len(rows) <= size:
                return

    def _from(self, operation: str, at: str, skip: int) -> list[Any]:
        changed, key = self.config.completions_changed, self.config.completions_key
        query = {
            "$orderby": f"{changed},{key}",
            "$top": self.config.page_size + 1,
            "$skip": skip,
            "$count": "true",
        }
        return self._read(operation, query | ({"$filter": f"{changed} ge {at}"} if at else {}))

    def _named(self, operation: str, row: Any) -> tuple[str, str]:
        """Id and time of change of a row."""
        if isinstance(row, dict):
            name = row.get(self.config.completions_key), row.get(self.config.completions_changed)
            if all(name):
                return str(name[0]), str(name[1])
        raise _malformed(operation, "a row lacks its id or its time of change")

    def _record(self, row: Document) -> Record:
        return Record.by_content(str(row[self.config.completions_key]), row)

    def _read(self, operation: str, query: Mapping[str, Any]) -> list[Any]:
        if not self.config.completions_path:
            raise _refused(
                operation, "no list of completions is configured", "STREAM",
                cure="set `completions_path`, or leave the stream out of the flow",
            )  # fmt: skip
        http = self.learning.http
        reply = http.read(operation, "GET", self.config.completions_path, params=query)
        answer = http.decode(operation, reply, write=False)
        if reply.status >= 400 or (isinstance(answer, dict) and "error" in answer):
            _refuse(operation, answer)
        found = answer.get("value") if isinstance(answer, dict) else None
        if not isinstance(found, list):
            raise _malformed(operation, "the answer is no page of OData V4")
        return found


@contextmanager
def open_learning(config: LearningConfig, services: Services) -> Iterator[LearningTarget]:
    """The target, closed on leaving."""
    target = LearningTarget(config, services)
    with target.learning.http:
        yield target


@contextmanager
def open_completions(config: LearningConfig, services: Services) -> Iterator[Completions]:
    """The list, closed on leaving."""
    completions = Completions(config, services)
    with completions.learning.http:
        yield completions


def _judged(said: str, http: HttpClient, reply: Reply) -> Outcome:
    """Done with any 2xx that holds no error; a body may be missing."""
    answer = http.decode(said, reply, write=True) if reply.body.strip() else {}
    if reply.status < 300 and not (isinstance(answer, dict) and answer.get("error")):
        return Confirmed(None)
    return _error(said, answer)


def _refuse(said: str, answer: Any) -> NoReturn:
    raise _error(said, answer)


def _error(said: str, answer: Any) -> Rejected:
    # {"error": {"code": null, "message": "while trying to invoke …"}} (KBA 2526585): often no code at all
    error = refusal(said, answer)
    return _refused(said, error.message, error.vendor_code or "LEARNING", error.field)


def _refused(said: str, what: str, code: str, field: str | None = None, cure: str | None = None) -> Rejected:
    return Rejected(what, connector=NAME, operation=said, vendor_code=code, field=field, cure=cure)


def _malformed(operation: str, what: str) -> Retryable:
    return Retryable(
        what, connector=NAME, operation=operation, vendor_code="PAGE_MALFORMED",
        cure="compare `completions_path` of the connection with what Learning answers",
    )  # fmt: skip
