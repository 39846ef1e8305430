"""Stand-in for SuccessFactors Learning, OData V4 below /learning: its own tokens, completions told and listed, programs.

After openedx/edx-enterprise (token, OCNLearningEvents) and KBA 2526585 (UserPrograms, error shape). A list of everybody's
completions is assumed: SAP documents only that of one user.
"""

import base64
import re
import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..company import DAY_MS, today_ms
from ..server import Answer, Request
from ..store import Json

if TYPE_CHECKING:
    from .routes import SuccessFactors

CLIENT_ID, CLIENT_SECRET, ADMIN, TENANT = (
    "sandbox-learning",
    "sandbox-learning-secret",
    "sapadmin",
    "yunxiuLMS",
)
ROOT = "/learning/odatav4/public"
COMPLETIONS = f"{ROOT}/admin/learninghistory-service/v1/LearningHistories"
PROGRAM_TYPES = ("OPEN_ENDED", "DURATION_BASED", "SCHEDULE_BASED")
COURSES = ("TRN-SVC-201", "TRN-LRN-110", "TRN-LRN-120", "TRN-LRN-130")
_FILTER = re.compile(r"lastUpdatedTimestamp ge (\S+)")


class LearningServer:
    """The routes, on the tenant's server and in its store."""

    def __init__(self, vendor: "SuccessFactors") -> None:
        self.vendor, self.store = vendor, vendor.store
        self.tokens: dict[str, tuple[float, str, str]] = {}
        vendor.route("POST", "/learning/oauth-api/rest/v1/token", self.token)
        vendor.route("POST", f"{ROOT}/admin/learningevent-service/v1/OCNLearningEvents", self.event)
        vendor.route("POST", f"{ROOT}/user/userassignment-service/v1/UserPrograms", self.programs)
        vendor.route("GET", COMPLETIONS, self.completions)

    def seed(self) -> None:
        """Completions of some days ago."""
        numbers = [key for key, _ in self.store.all("User")][:4]
        for i, number in enumerate(numbers):
            body = {
                "id": f"LH{i + 1}", "studentID": number, "componentID": COURSES[i], "componentTitle": f"Course {i + 1}",
                "completionStatusID": "COURSE-COMPL" if i else "COURSE-INCOMPL", "grade": f"{70 + i * 5}",
                "completionDate": _iso(today_ms() - 8 * DAY_MS), "lastUpdatedTimestamp": _iso(today_ms() - 7 * DAY_MS + i),
            }  # fmt: skip
            self.store.put("learning_history", body["id"], body)

    def announce(self) -> Json:
        """What a caller needs."""
        return {
            "learning": {
                "base_url": self.vendor.base_url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
                "user_id": ADMIN, "company": TENANT, "completions_path": COMPLETIONS,
            }
        }  # fmt: skip

    def token(self, request: Request) -> Answer:
        """A token for one user in one role; a wrong secret is 403 (KBA 2558226)."""
        said = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {said}":
            return _failure(403, "Forbidden")
        body = request.json()
        scope = body.get("scope") or {}
        user, kind = scope.get("userId"), scope.get("userType")
        known = (kind == "admin" and user == ADMIN) or (kind == "user" and self.store.get("User", str(user)))
        right = body.get("grant_type") == "client_credentials" and scope.get("companyId") == TENANT
        if not (known and right and scope.get("resourceType") == "learning_public_api"):
            return _failure(400, "the scope is not valid")
        token = secrets.token_urlsafe(24)
        self.tokens[token] = (time.monotonic() + 1800, str(user), str(kind))
        return Answer({"access_token": token, "expires_in": 1800, "token_type": "Bearer"})

    def event(self, request: Request) -> Answer:
        """One completion of a course of a content provider."""
        if self._user(request, "admin") is None:
            return _failure(401, "token is not valid")
        body = request.json()
        for name in ("userID", "courseID", "providerID", "courseCompleted", "completedTimestamp"):
            if body.get(name) in (None, ""):
                return _failure(400, f"while trying to invoke the service: {name} is missing")
        if body["courseCompleted"] not in ("true", "false") or not isinstance(
            body["completedTimestamp"], int
        ):
            return _failure(400, "while trying to invoke the service: wrong type")
        if self.store.get("User", str(body["userID"])) is None:
            return _failure(400, f"while trying to invoke the service: user {body['userID']} not found")
        self.store.put("learning_event", str(self.store.next_number("learning_event", 1)), body)
        return Answer(body, 201)

    def programs(self, request: Request) -> Answer:
        """Programs for the user of the token; one that is assigned already stays as it is."""
        user = self._user(request, "user")
        if user is None:
            return _failure(401, "token is not valid")
        wanted = request.json().get("userProgram")
        if not isinstance(wanted, list) or not wanted:
            return _failure(
                400, "while trying to invoke the method java.util.List.iterator() of a null object"
            )
        for program in wanted:
            if program.get("programTypeID") not in PROGRAM_TYPES or not program.get("programID"):
                return _failure(400, "while trying to invoke the service: the program is not valid")
        for program in wanted:
            self.store.put("learning_program", f"{user}/{program['programID']}", {"userID": user, **program})
        return Answer({"value": wanted}, 201)

    def completions(self, request: Request) -> Answer:
        """A page of completions, by time of change."""
        if self._user(request, "admin") is None:
            return _failure(401, "token is not valid")
        query = request.query
        rows = [row for _, row in self.store.all("learning_history")]
        if query.get("$filter"):
            match = _FILTER.fullmatch(query["$filter"])
            if match is None:
                return _failure(400, "the filter is not valid")
            rows = [row for row in rows if row["lastUpdatedTimestamp"] >= match[1]]
        rows.sort(key=lambda row: (row["lastUpdatedTimestamp"], row["id"]))
        start, size = int(query.get("$skip") or 0), min(int(query.get("$top") or 500), 500)
        return Answer({"@odata.count": len(rows), "value": rows[start : start + size]})

    def _user(self, request: Request, kind: str) -> str | None:
        token = (request.headers.get("Authorization") or "").removeprefix("Bearer ")
        until, user, held = self.tokens.get(token, (0.0, "", ""))
        return user if until > time.monotonic() and held == kind else None


def _failure(status: int, message: str) -> Answer:
    return Answer({"error": {"code": None, "message": message}}, status)


def _iso(milliseconds: int) -> str:
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
