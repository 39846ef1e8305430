"""The system behind the stand-in module: logon, calls, and the sessions in which they run."""

import secrets
import time
from typing import Any

from ..server import Answer, Request, Vendor
from ..store import Json, Store
from . import seed
from .appraisals import APPRAISALS
from .profiles import PROFILES
from .system import IDLE_SECONDS, Classic, Handler, Session, View, bapireturn1, person
from .training import TRAINING
from .values import contracts

USER, PASSWORD, CLIENT = "TRIVET", "sandbox-rfc-secret", "100"
FUNCTIONS: dict[str, Handler] = {**TRAINING, **PROFILES, **APPRAISALS}
GONE = {
    "class": "CommunicationError",
    "code": 1,
    "key": "RFC_COMMUNICATION_FAILURE",
    "message": "connection to partner broken",
}


class SapRfc(Vendor):
    """The stand-in."""

    name = "sap_rfc"

    def __init__(self, store: Store, size: int | None = None) -> None:
        super().__init__(store)
        self.size = size
        self.sessions: dict[str, Session] = {}
        self.contracts: dict[str, Json] = dict(contracts())
        self.commits_itself: set[str] = set()
        self.route("POST", "/rfc/open", self.open)
        self.route("POST", "/rfc/close", self.close)
        self.route("POST", "/rfc/ping", self.ping)
        self.route("POST", "/rfc/describe/{function}", self.describe)
        self.route("POST", "/rfc/call/{function}", self.call)

    def seed(self) -> None:
        """See `Vendor`."""
        self.sessions.clear()
        self.contracts = dict(contracts())
        self.commits_itself.clear()
        seed.fill(self.store, self.size)

    def announce(self) -> Json:
        """See `Vendor`."""
        host, port = self.base_url.removeprefix("http://").split(":")
        return {
            "ashost": f"/H/{host}/S/{port}",
            "sysnr": "00",
            "client": CLIENT,
            "user": USER,
            "passwd": PASSWORD,
        }

    def connection(self) -> Json:
        """See `Vendor`."""
        said = self.announce()
        return {
            "conn_type": "trivet_sap_rfc", "host": said["ashost"], "login": USER, "password": PASSWORD,
            "extra": {"environment": "sandbox", "sysnr": said["sysnr"], "client": CLIENT, "appraiser": seed.OFFICER,
                      "library": "trivet_sandbox.sap_rfc.rfc"},
        }  # fmt: skip

    def business_error(self, request: Request) -> Answer:
        """A refusal in the RETURN of that function, whichever of its shapes it is."""
        contract = self.contracts.get(request.path.rsplit("/", 1)[-1], {"parameters": []})
        shapes = [
            one["type_description"]["name"] for one in contract["parameters"] if one["name"] == "RETURN"
        ]
        text = "You do not have authorization to do this"
        said = (
            {"TYPE": "E", "CODE": "PQ603", "MESSAGE": text}
            if shapes == ["BAPIRETURN"]
            else bapireturn1("E", "603", text)["RETURN"]
        )
        return Answer({"result": {"RETURN": said}})

    def too_many(self, retry_after: str) -> Answer:  # noqa: ARG002
        """The gateway has no conversation free; it does not say for how long."""
        return _refused(**{**GONE, "message": "max no of 100 conversations exceeded"})

    def open(self, request: Request) -> Answer:
        """A logon; the caller's old session, if it names one, was closed by the broken connection."""
        body = request.json()
        self._end(str(body.get("before") or ""))
        given = body["params"]
        if (given.get("client"), str(given.get("user", "")).upper(), given.get("passwd")) != (
            CLIENT,
            USER,
            PASSWORD,
        ):
            return _refused(
                "LogonError",
                2,
                "RFC_LOGON_FAILURE",
                "Name or password is incorrect (repeat logon)",
                "00",
                "E",
                "152",
            )
        key = secrets.token_hex(8)
        self.sessions[key] = Session(USER, View(self.store))
        return Answer({"session": key})

    def close(self, request: Request) -> Answer:
        """What was not committed is rolled back, and locks go."""
        self._end(str(request.json()["session"]))
        return Answer({"result": {}})

    def ping(self, request: Request) -> Answer:
        """Whether the session lives."""
        return Answer({"result": {}}) if self._session(request) else _refused(**GONE)

    def describe(self, request: Request) -> Answer:
        """A function's contract."""
        if self._session(request) is None:
            return _refused(**GONE)
        contract = self.contracts.get(request.params["function"])
        if contract is None:
            return _refused(
                "ABAPApplicationError", 5, "FU_NOT_FOUND", "ID:FL Type:E Number:046", "FL", "E", "046"
            )
        return Answer({"result": contract})

    def call(self, request: Request) -> Answer:
        """One function in its session."""
        with self.store.lock:
            session, name = self._session(request), request.params["function"]
            if session is None:
                return _refused(**GONE)
            given: Json = request.json()["params"]
            contract = self.contracts.get(name)
            if contract is None:
                return _refused(
                    "ABAPApplicationError", 5, "FU_NOT_FOUND", "ID:FL Type:E Number:046", "FL", "E", "046"
                )
            for one in contract["parameters"]:
                if one["direction"] == "RFC_IMPORT" and one["name"] not in given:
                    if not one["optional"]:
                        self._end(request.json()["session"])
                        return _refused(
                            "ABAPRuntimeError",
                            3,
                            "CALL_FUNCTION_PARM_MISSING",
                            "Function parameter is missing",
                        )
                    if one["default_value"]:
                        given[one["name"]] = one["default_value"].strip("'")
            try:
                answer = self._run(session, name, given, contract)
            except Classic as raised:
                return _refused("ABAPApplicationError", 5, raised.key, "")
            return Answer({"result": answer})

    def _run(self, session: Session, name: str, given: Json, contract: Json) -> Json:
        if name == "BAPI_EMPLOYEE_ENQUEUE":
            return self._enqueue(session, given)
        if name == "BAPI_EMPLOYEE_DEQUEUE":
            session.locks.discard(given["NUMBER"])
            return bapireturn1()
        if name == "BAPI_TRANSACTION_COMMIT":
            session.view.commit()
            return bapireturn1()
        if name == "BAPI_TRANSACTION_ROLLBACK":
            session.view.staged.clear()
            return bapireturn1()
        before = dict(session.view.staged)
        answer = FUNCTIONS[name](session.view, given)
        said = answer["RETURN"]
        if said["TYPE"] == "E" or said.get("NUMBER", "600") not in ("600", "602"):
            session.view.staged = before
        else:
            may_wait = any(one["name"] == "NOCOMMIT" for one in contract["parameters"])
            if (may_wait or name in self.commits_itself) and given.get("NOCOMMIT") != "X":
                session.view.commit()
        return answer

    def _enqueue(self, session: Session, given: Json) -> Json:
        number = given["NUMBER"]
        if person(session.view, number) is None:
            return bapireturn1("E", "001", "No personnel number & in the system", number, area="PG")
        for other in self.sessions.values():
            if other is not session and number in other.locks:
                return bapireturn1(
                    "E", "601", "Object requested is currently locked by user &", other.user, area="MC"
                )
        session.locks.add(number)
        return bapireturn1()

    def _session(self, request: Request) -> Session | None:
        now = time.monotonic()
        for key in [
            k for k, one in self.sessions.items() if now - one.used > IDLE_SECONDS and one.user == USER
        ]:
            self._end(key)
        session = self.sessions.get(str(request.json().get("session")))
        if session:
            session.used = now
        return session

    def _end(self, key: str) -> None:
        with self.store.lock:
            self.sessions.pop(key, None)

    def change(self, spec: Json) -> Json:
        """What others do there: a clerk edits a person (`lock`, `unlock`), rows are set (`kind`, `key`, `set`) or deleted,
        an administrator ends all sessions (`expire`), takes in other contracts (`contracts`), or a release whose functions
        commit by themselves (`commits_itself`)."""
        what = spec["what"]
        if what == "expire":
            self.sessions.clear()
        elif what == "lock":
            self.sessions["clerk"] = Session("HRADMIN", View(self.store), {spec["person"]})
        elif what == "unlock":
            self._end("clerk")
        elif what == "contracts":
            self.contracts |= {one["name"]: one for one in spec["contracts"]}
            for name in spec.get("without", []):
                del self.contracts[name]
        elif what == "commits_itself":
            self.commits_itself = set(spec["functions"])
        elif what == "delete":
            self.store.delete(spec["kind"], spec["key"])
        else:
            body = self.store.get(spec["kind"], spec["key"]) or {}
            self.store.put(spec["kind"], spec["key"], body | spec["set"])
        return {"ok": True}

    def state(self) -> Json:
        """What people have, without the numbers that the system gave; the catalogues stay out of it."""
        return {
            kind: [{k: v for k, v in body.items() if k != "ID"} for _, body in rows]
            for kind in ("booking", "prebooking", "qualification", "appraisal")
            if (rows := self.store.all(kind))
        }


def _refused(*said: Any, **named: Any) -> Answer:
    names = ("class", "code", "key", "message", "msg_class", "msg_type", "msg_number")
    return Answer({"error": {**dict(zip(names, said, strict=False)), **named}})
