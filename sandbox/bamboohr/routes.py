"""BambooHR's endpoints: an API key as the user of basic authentication, reasons in a header beside an empty body.

Written from the vendor's own OpenAPI (BambooHR/bhr-api-php, specs/public.yaml of 2026-04-27), which is also its judge.
"""

import base64
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from xml.sax.saxutils import escape

from .. import hooks as sending
from ..server import Answer, Request, Vendor
from ..store import Json, Store
from . import growth, hooks
from . import seed as seeding
from .listing import GROUPS, Refused, listed

API_KEY = "bamboo-sandbox-key"
ATS = "/api/v1/applicant_tracking"
GOALS = "performance/employees/{employee}/goals"
LINK_SECONDS = 900
DIRECTORY = (
    "firstName",
    "lastName",
    "preferredName",
    "jobTitle",
    "workPhone",
    "workEmail",
    "department",
    "location",
)
Inner = Callable[[Request], Answer | None]
"""None: not found."""
Told = list[tuple[str, str, list[str] | None]]
"""Kind, employee and changed fields of events."""
JOB_GROUPS = ("Open", "Filled", "Draft", "On Hold", "Canceled")


class BambooHr(Vendor):
    """The stand-in."""

    name = "bamboohr"

    def __init__(self, store: Store, size: int | None = None) -> None:
        super().__init__(store)
        self.size = size
        self.links: dict[str, tuple[str, float]] = {}
        self._guarded("GET", f"{ATS}/jobs", self.jobs)
        self._guarded("GET", f"{ATS}/statuses", self.statuses)
        self._guarded("GET", f"{ATS}/applications", self.applications)
        self._guarded("GET", ATS + "/applications/{id}", self.application)
        self._guarded("POST", ATS + "/applications/{id}/comments", self.comment)
        self._guarded("POST", ATS + "/applications/{id}/status", self.status)
        self._guarded("GET", "/api/v1/employees/directory", self.directory)
        self._guarded("GET", "/api/v1/employees/changed", self.changed)
        self._guarded("GET", "/api/v1/employees/{id}", self.employee)
        self._guarded("GET", "/api/v1/training/type", lambda _: growth.training_types(store))
        self._guarded(
            "GET", "/api/v1/training/record/employee/{employee}", self._of_employee(growth.records_of)
        )
        self._guarded(
            "POST", "/api/v1/training/record/employee/{employee}", self._of_employee(growth.create_record)
        )
        self._guarded("PUT", "/api/v1/training/record/{id}", partial(growth.update_record, store))
        self._guarded(
            "DELETE", "/api/v1/training/record/{id}", partial(self.delete, kind="training", status=200)
        )
        self._guarded("GET", f"/api/v1/{GOALS}", self._of_employee(growth.goals_of))
        self._guarded("POST", f"/api/v1/{GOALS}", self._of_employee(growth.create_goal))
        self._guarded("PUT", f"/api/v1_1/{GOALS}/{{id}}", partial(growth.update_goal, store))
        self._guarded("DELETE", f"/api/v1/{GOALS}/{{id}}", partial(self.delete, kind="goals", status=204))
        self.route("GET", "/files/download/{link}", self.file)

    def seed(self) -> None:
        """See `Vendor`."""
        seeding.seed(self.store, self.size)

    def announce(self) -> Json:
        """See `Vendor`."""
        return {"base_url": self.base_url, "api_key": API_KEY}

    def connection(self) -> Json:
        """See `Vendor`."""
        return {
            "conn_type": "trivet_bamboohr", "host": self.base_url, "password": API_KEY,
            "extra": {"environment": "sandbox", "private_networks": ["127.0.0.0/8"], "calls_per_second": 200.0},
        }  # fmt: skip

    def business_error(self, request: Request) -> Answer:  # noqa: ARG002
        """See `Vendor`: as the specification describes it for the log of a web hook."""
        said = "Over rate limit, please try again in 60 seconds"
        return Answer({"error": {"code": 429, "message": said}})

    def too_many(self, retry_after: str) -> Answer:
        """See `Vendor`."""
        return Answer(b"", 429, {"Retry-After": retry_after}, "text/html")

    def _guarded(self, method: str, path: str, inner: Inner) -> None:
        self.route(method, path, partial(self.guarded, inner=inner))

    def guarded(self, request: Request, inner: Inner) -> Answer:
        """The inner answer for a caller with the key."""
        said = "Basic " + base64.b64encode(f"{API_KEY}:x".encode()).decode()
        if request.headers.get("Authorization") != said:
            return Answer(b"", 401, media_type="text/html")
        try:
            return inner(request) or refused(404, "Not found")
        except (Refused, growth.Invalid) as error:
            return refused(400, str(error))

    def _of_employee(self, inner: Callable[[Store, Request], Answer]) -> Inner:
        def answered(request: Request) -> Answer | None:
            known = self.store.get("employees", request.params["employee"])
            return inner(self.store, request) if known else None

        return answered

    def jobs(self, request: Request) -> Answer:
        """Every position of the groups that are asked for, in one list."""
        groups = request.query.get("statusGroups", ",".join(JOB_GROUPS)).split(",")
        rows = [row for _, row in self.store.all("jobs")]
        shown = [self._counted(row) for row in rows if "ALL" in groups or row["status"]["label"] in groups]
        return Answer(shown)

    def _counted(self, job: Json) -> Json:
        all_of = [a for _, a in self.store.all("applications") if a["job"]["id"] == job["id"]]
        counts = {
            group: sum(GROUPS[a["status"]["id"]] == group for a in all_of) for group in ("NEW", "ACTIVE")
        }
        return {
            **job, "newApplicantsCount": counts["NEW"], "activeApplicantsCount": counts["ACTIVE"],
            "totalApplicantsCount": len(all_of),
        }  # fmt: skip

    def statuses(self, request: Request) -> Answer:  # noqa: ARG002
        """The vendor's and the company's own."""
        return Answer([
            {"id": str(number), "code": code, "name": name, "translatedName": name, "description": None, "enabled": True,
             "manageable": code is None}
            for number, code, name, _ in seeding.STATUSES
        ])  # fmt: skip

    def applications(self, request: Request) -> Answer:
        """A page."""
        return Answer(listed(self.store, request.query, f"{self.base_url}{ATS}/applications"))

    def application(self, request: Request) -> Answer | None:
        """All about one, its attachments behind fresh links."""
        body = self.store.get("applications", request.params["id"])
        if body is None:
            return None
        files = self.store.owned("files", "application", body["id"])
        attachments = [{"id": f["id"], "name": f["name"], "fileUrl": self._link(f["id"])} for f in files]
        shown = {name: value for name, value in body.items() if not name.startswith("_")}
        return Answer({
            **shown, "attachmentCount": len(files) or None, "attachments": attachments or None,
            "commentCount": len(self.store.owned("comments", "application", body["id"])),
        })  # fmt: skip

    def comment(self, request: Request) -> Answer | None:
        """A comment; the API can neither read it nor take it away."""
        application, said = self.store.get("applications", request.params["id"]), request.json()
        if application is None:
            return None
        if not said.get("comment") or said.get("type", "comment") != "comment":
            raise Refused("Invalid comment")
        number = self.store.next_number("comments", seeding.FIRST["comments"])
        body = {"id": number, "application": application["id"], "comment": said["comment"]}
        self.store.put("comments", str(number), body)
        self._touch(application)
        return Answer({"type": "comment", "id": number})

    def status(self, request: Request) -> Answer | None:
        """Another status."""
        application, said = self.store.get("applications", request.params["id"]), request.json()
        if application is None:
            return None
        status = seeding.status_of(said.get("status"))
        if status is None:
            raise Refused("Invalid status")
        self._move(application, status)
        number = self.store.next_number("changes", seeding.FIRST["changes"])
        return Answer({"type": "positionApplicantStatus", "id": number})

    def _move(self, application: Json, status: Json) -> None:
        application["status"] = {**status, "dateChanged": seeding.stamp(_now()), "changedByUser": None}
        self._touch(application)

    def _touch(self, application: Json) -> None:
        application["_updated"] = _now()
        self.store.put("applications", str(application["id"]), application, application["_updated"])

    def file(self, request: Request) -> Answer:
        """The bytes behind a living link; no key is asked for."""
        file, until = self.links.get(request.params["link"], ("", 0.0))
        body = self.store.get("files", file)
        if body is None or until < time.monotonic():
            return Answer(b"", 403, media_type="text/html")
        kind = seeding.MEDIA_TYPES.get(seeding.suffix(body["name"]), "application/octet-stream")
        return Answer(seeding.content_of(body), media_type=kind)

    def _link(self, file: int) -> str:
        link = secrets.token_urlsafe(16)
        self.links[link] = (str(file), time.monotonic() + LINK_SECONDS)
        return f"{self.base_url}/files/download/{link}"

    def directory(self, request: Request) -> Answer:
        """Who works there, in the fields that this company shares; no number is among them."""
        rows = [row for _, row in self.store.all("employees") if row["status"] == "Active"]
        shown = [
            {"id": row["id"], **{name: row[name] for name in DIRECTORY}, "canUploadPhoto": 0} for row in rows
        ]
        if not shown:
            return refused(404, "The directory is empty")
        fields = [{"id": name, "type": "text", "name": name} for name in DIRECTORY]
        return _in_json(request, {"fields": fields, "employees": shown})

    def changed(self, request: Request) -> Answer:
        """Ids of employees by their last change."""
        wanted = request.query.get("type", "all")
        try:
            since = datetime.fromisoformat(request.query["since"])
        except (KeyError, ValueError):
            raise Refused("Invalid since") from None
        rows = [row for _, row in self.store.all("_changed")]
        found = {
            row["id"]: row
            for row in rows
            if datetime.fromisoformat(row["lastChanged"]) >= since
            and wanted in ("all", row["action"].lower())
        }
        latest = max((row["lastChanged"] for row in found.values()), default=request.query["since"])
        return Answer({"latest": latest, "employees": found})

    def employee(self, request: Request) -> Answer | None:
        """The fields that are asked for."""
        body = self.store.get("employees", request.params["id"])
        if body is None:
            return None
        wanted = request.query.get("fields", "firstName,lastName").split(",")
        return _in_json(request, {"id": body["id"], **{name: body[name] for name in wanted if name in body}})

    def delete(self, request: Request, kind: str, status: int) -> Answer | None:
        """Taken away, without a body."""
        gone = self.store.delete(kind, request.params["id"])
        return Answer(b"", status, media_type="text/html") if gone else None

    def change(self, spec: Json) -> Json:
        """Hands of a recruiter: `what` is stage, hire, recording, consent, name, delete, leave, rows or expire;
        subscribe sends employee events to `url`, signed with `secret`."""
        what = spec["what"]
        match what:
            case "expire":
                self.links.clear()
                return {"ok": True}
            case "rows":
                self.store.put("_setting", "rows", {"rows": spec["rows"]})
                return {"ok": True}
            case "subscribe":
                self.store.put("_setting", "hooks", spec)
                return {"ok": True}
        ids = self.store.get("_key", spec["candidate"])
        if ids is None:
            raise KeyError(spec["candidate"])
        with self.store.together():
            told = self._change(spec, self.store.get("applications", str(ids["application"])) or {})
        for kind, employee, fields in told:
            self._send(hooks.body(kind, employee, fields))
        return {"ok": True, **ids}

    def _change(self, spec: Json, application: Json) -> Told:
        person = application["applicant"]
        match spec["what"]:
            case "stage":
                self._move(application, seeding.status_of(seeding.STAGES[spec["stage"]]) or {})
            case "hire":
                self._move(application, seeding.status_of(seeding.STAGES["hired"]) or {})
                return self._employ(person, spec["employee_number"])
            case "leave":
                return self._leave(person)
            case "recording":
                name = f"Interview again{seeding.suffix(spec['file'])}"
                content = spec.get("content_hex")
                seeding.attach(
                    self.store, application["id"], name, _now(), file=spec["file"], content=content
                )
                self._touch(application)
            case "consent":
                self._withdraw(application, spec["withdraw"])
            case "name":
                person |= {"firstName": spec["name"], "lastName": ""}
                self._touch(application)
            case "delete":
                self._forget(application["id"])
            case _:
                raise KeyError(spec["what"])
        return []

    def _withdraw(self, application: Json, purpose: str) -> None:
        for entry in application["questionsAndAnswers"]:
            if entry["question"]["label"].endswith(f"[consent_{purpose}]"):
                entry["answer"]["label"], entry["editedDate"] = "No", seeding.stamp(_now())
        self._touch(application)

    def _forget(self, application: int) -> None:
        self.store.delete("applications", str(application))
        for file in self.store.owned("files", "application", application):
            self.store.delete("files", str(file["id"]))

    def _employ(self, person: Json, employee_number: str) -> Told:
        said = {
            "firstName": person["firstName"],
            "lastName": person["lastName"],
            "homeEmail": person["email"],
        }
        made = seeding.employ(self.store, {**said, "employeeNumber": employee_number}, _now())
        # made, then filled in: two events, as the vendor describes it
        return [("employee.created", made, None), ("employee.updated", made, ["employeeNumber", "hireDate"])]

    def _leave(self, person: Json) -> Told:
        (employee,) = self.store.owned("employees", "homeEmail", person["email"])
        now = seeding.stamp(_now())
        employee |= {"status": "Inactive", "terminationDate": now[:10]}
        self.store.put("employees", employee["id"], employee)
        row = {"id": employee["id"], "action": "Updated", "lastChanged": now}
        self.store.put("_changed", employee["id"], row)
        return [("employee.updated", employee["id"], ["status", "terminationDate"])]

    def _send(self, sent: bytes) -> None:
        wanted = self.store.get("_setting", "hooks")
        if wanted is not None:
            sending.send(wanted["url"], hooks.headers(sent, wanted["secret"]), sent)

    def state(self) -> Json:
        """What hub and recruiters can see, without clocks and counters."""
        seen = super().state()
        hidden = ("_updated", "lastChangedDateTime")
        return {
            kind: {
                key: {name: value for name, value in body.items() if name not in hidden}
                for key, body in seen.get(kind, {}).items()
            }
            for kind in ("applications", "files", "comments", "employees", "training", "goals")
        }


def refused(status: int, text: str) -> Answer:
    """The reason in a header, the body empty."""
    return Answer(b"", status, {"x-bamboohr-error-message": text}, "text/html")


def _in_json(request: Request, body: Json) -> Answer:
    if request.headers.get("Accept") == "application/json":
        return Answer(body)
    # whoever does not ask for JSON is given XML
    return Answer(f"<xml>{escape(str(body.get('id', '')))}</xml>".encode(), media_type="application/xml")


def _now() -> int:
    return int(time.time() * 1000)
