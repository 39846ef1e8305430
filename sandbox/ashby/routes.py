"""Ashby's methods: `POST /<resource>.<method>`, Basic authentication by the key alone, refusals with HTTP 200.

After developers.ashbyhq.com (guides, reference, changelog to October 2026); see `listing` for lists and `seed` for objects.
"""

import base64
import json
import secrets
import time
import uuid
from functools import partial
from typing import Any

from .. import hooks as sending
from ..server import Answer, Handler, Request, Vendor
from ..store import Json, Store
from . import hooks, partner
from . import seed as seeding
from .listing import KINDS, Refused, expire, listed, shown

KEY = "ashby-sandbox-key"
LINK_SECONDS = 300
PARAMETERS = {"candidate": "id", "application": "applicationId", "job": "id", "customField": "customFieldId"}


class Ashby(Vendor):
    """The stand-in."""

    name = "ashby"

    def __init__(self, store: Store, size: int | None = None) -> None:
        super().__init__(store)
        self.size = size
        self.links: dict[str, tuple[str, float]] = {}
        self.window: tuple[int, int] = (0, 0)
        for kind in KINDS:
            self._guarded(f"{kind}.list", partial(self.page, kind=kind))
        for kind, parameter in PARAMETERS.items():
            self._guarded(f"{kind}.info", partial(self.info, kind=kind, parameter=parameter))
        self._guarded("customField.setValues", self.set_values)
        self._guarded("customField.setValue", self.set_value)
        self._guarded("candidate.createNote", self.create_note)
        self._guarded("candidate.listNotes", self.list_notes)
        self._guarded("candidate.anonymize", self.anonymize)
        self._guarded("file.info", self.file_info)
        self._guarded("assessment.update", partial(partner.update, self.store))
        self.route("GET", "/files/{link}", self.file)

    def seed(self) -> None:
        """See `Vendor`."""
        seeding.seed(self.store, self.size)

    def announce(self) -> Json:
        """See `Vendor`."""
        return {"base_url": self.base_url, "api_key": KEY}

    def connection(self) -> Json:
        """See `Vendor`."""
        return {
            "conn_type": "trivet_ashby", "host": self.base_url, "password": KEY,
            "extra": {
                "environment": "sandbox", "private_networks": ["127.0.0.0/8"], "calls_per_second": 200.0,
            },
        }  # fmt: skip

    def connections(self) -> Json:
        """See `Vendor`; a partner that is ordered from has a connection of its own."""
        extra = {**self.connection()["extra"], "partner_key": partner.KEY}
        ordering = self.connection() | {"conn_type": "trivet_ashby_assessments", "extra": extra}
        return {self.name: self.connection(), "ashby_assessments": ordering}

    def business_error(self, request: Request) -> Answer:  # noqa: ARG002
        """See `Vendor`."""
        return refused("invalid_input")

    def too_many(self, retry_after: str) -> Answer:
        """See `Vendor`."""
        return refused("rate_limit_exceeded", 429, {"Retry-After": retry_after})

    def _guarded(self, method: str, inner: Handler) -> None:
        self.route(
            "POST", f"/{method.replace('.', '[.]')}", partial(self.guarded, method=method, inner=inner)
        )

    def guarded(self, request: Request, method: str, inner: Handler) -> Answer:
        """The inner answer for a caller with the key, the right to the method and calls left in the window."""
        said = request.headers.get("Authorization") or ""
        if not said.startswith("Basic ") or said == "Basic " + base64.b64encode(b":").decode():
            return refused("missing_api_key", 401)
        if said != "Basic " + base64.b64encode(f"{KEY}:".encode()).decode():
            return refused("invalid_api_key", 403)
        if method in (self.store.get("_setting", "denied") or {"methods": []})["methods"]:
            return refused("missing_endpoint_permission", 403)
        if not (request.headers.get("Content-Type") or "").startswith("application/json"):
            return refused("invalid_input", 400)
        left, reset, limit = self._counted()
        if left < 0:
            return self.too_many(str(reset))
        try:
            answer = inner(request)
        except Refused as error:
            answer = refused(error.code, message=error.message)
        told = {"Limit": limit, "Remaining": left, "Reset": reset}
        answer.headers |= {f"RateLimit-{name}": str(value) for name, value in told.items()}
        return answer

    def _counted(self) -> tuple[int, int, int]:
        """Calls left in this window, seconds until the next, calls allowed."""
        said = self.store.get("_setting", "limit") or {"calls": 100_000, "seconds": 60}
        now = int(time.time() // said["seconds"])
        began, counted = self.window
        self.window = (now, counted + 1 if began == now else 1)
        reset = int((now + 1) * said["seconds"] - time.time()) + 1
        return said["calls"] - self.window[1], reset, said["calls"]

    def page(self, request: Request, kind: str) -> Answer:
        """A page of the kind."""
        return Answer(listed(self.store, kind, request.json()))

    def info(self, request: Request, kind: str, parameter: str) -> Answer:
        """One object."""
        return success(shown(kind, self._there(kind, request.json().get(parameter)), single=True))

    def _there(self, kind: str, name: Any) -> Json:
        try:
            body = self.store.get(kind, str(uuid.UUID(name)))
        except (ValueError, AttributeError, TypeError):
            raise Refused("invalid_input", "an id is a UUID") from None
        if body is None:
            snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind)
            raise Refused(f"{snake}_not_found")
        return body

    def set_value(self, request: Request) -> Answer:
        """One custom field of an object."""
        said = request.json()
        self._set(said, [said])
        return success(said.get("fieldValue"))

    def set_values(self, request: Request) -> Answer:
        """Several custom fields of an object, all or none; null takes a value away, and what is not named stays."""
        said = request.json()
        if not isinstance(said.get("values"), list) or not said["values"]:
            raise Refused("invalid_input", "values is required")
        self._set(said, said["values"])
        return success(said["values"])

    def _set(self, said: Json, values: list[Json]) -> None:
        owner = str(said.get("objectType"))
        kind = {"Application": "application", "Candidate": "candidate", "Job": "job"}.get(owner)
        if kind is None:
            raise Refused("invalid_input", "objectType is invalid")
        with self.store.together():
            body = self._there(kind, said.get("objectId"))
            fields = {field["id"]: field for field in body["customFields"]}
            for entry in values:
                definition = self._there("customField", entry.get("fieldId"))
                if definition["objectType"] != owner or "fieldValue" not in entry:
                    raise Refused("invalid_input", "fieldValue is required")
                fields.pop(definition["id"], None)
                if (value := entry["fieldValue"]) is None:
                    continue
                if not _fits(definition["fieldType"], value):
                    raise Refused("invalid_input", f"fieldValue is no {definition['fieldType']}")
                shows = {
                    "id": definition["id"],
                    "title": definition["title"],
                    "isPrivate": definition["isPrivate"],
                }
                fields[definition["id"]] = {**shows, "value": value}
            seeding.touch(self.store, kind, body | {"customFields": list(fields.values())})

    def create_note(self, request: Request) -> Answer:
        """A note in the candidate's feed; it can be neither changed nor taken away."""
        said = request.json()
        candidate, note = self._there("candidate", said.get("candidateId")), said.get("note")
        if not isinstance(note, str | dict) or not note:
            raise Refused("invalid_input", "note is required")
        made = seeding.number("note", self.store.next_number("note", 1))
        text = note.get("value") if isinstance(note, dict) else note
        body = {
            "id": made,
            "_candidate": candidate["id"],
            "content": text,
            "isPrivate": bool(said.get("isPrivate")),
        }
        return success(shown("note", seeding.touch(self.store, "note", body)))

    def list_notes(self, request: Request) -> Answer:
        """A candidate's notes, the newest first."""
        candidate = self._there("candidate", request.json().get("candidateId"))
        notes = [row for _, row in self.store.all("note") if row["_candidate"] == candidate["id"]]
        newest = sorted(notes, key=lambda row: row["createdAt"], reverse=True)
        return Answer(
            {"success": True, "results": [shown("note", row) for row in newest], "moreDataAvailable": False}
        )

    def anonymize(self, request: Request) -> Answer:
        """Nobody any more; only of somebody none of whose applications is open."""
        body = self._there("candidate", request.json().get("candidateId"))
        open_ones = [self.store.get("application", name) or {} for name in body["applicationIds"]]
        if any(row.get("status") not in ("Hired", "Archived", None) for row in open_ones):
            raise Refused("invalid_input", "All applications must be archived or hired")
        return success(shown("candidate", self._nameless(body)))

    def _nameless(self, body: Json) -> Json:
        wiped: Json = {"name": "Anonymized Candidate", "primaryEmailAddress": None, "emailAddresses": []}
        wiped |= {"primaryPhoneNumber": None, "phoneNumbers": [], "fileHandles": [], "resumeFileHandle": None}
        return seeding.touch(self.store, "candidate", body | wiped)

    def file_info(self, request: Request) -> Answer:
        """A link for a handle."""
        try:
            handle = json.loads(base64.b64decode(str(request.json().get("fileHandle"))))["handle"]
        except (ValueError, KeyError, TypeError):
            raise Refused("invalid_input", "fileHandle is invalid") from None
        if self.store.get("_file", str(handle.get("fileId"))) is None:
            raise Refused("file_not_found")
        link = secrets.token_urlsafe(24)
        self.links[link] = (handle["fileId"], time.monotonic() + LINK_SECONDS)
        return success({"url": f"{self.base_url}/files/{link}"})

    def file(self, request: Request) -> Answer:
        """The bytes behind a living link; no key is asked for."""
        name, until = self.links.get(request.params["link"], ("", 0.0))
        body = self.store.get("_file", name)
        if body is None or until < time.monotonic():
            return Answer(b"<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
        return Answer(seeding.content_of(body), media_type="application/octet-stream")

    def change(self, spec: Json) -> Json:
        """Hands of a recruiter: `what` is stage, hire, recording, consent, name, delete, merge (`into` another), anonymize,
        expire (links, cursors and sync tokens), limit (`calls` in `seconds`), pages (the `most` of an incremental sync), deny
        (`methods`); subscribe sends webhooks to `url`, signed with `secret`, and begins with a ping; order_assessment starts
        `package` at the partner's `url`, cancel_assessment cancels `assessment`."""
        match spec["what"]:
            case "expire":
                self.links.clear()
                expire(self.store)
                return {"ok": True}
            case "limit":
                self.store.put("_setting", "limit", {"calls": spec["calls"], "seconds": spec["seconds"]})
                self.window = (0, 0)
                return {"ok": True}
            case "pages":
                self.store.put("_setting", "pages", {"most": spec["most"]})
                return {"ok": True}
            case "deny":
                self.store.put("_setting", "denied", {"methods": spec["methods"]})
                return {"ok": True}
            case "subscribe":
                self.store.put("_setting", "hooks", spec)
                self._send([("ping", {"webhookActionType": "ping"})])
                return {"ok": True}
            case "cancel_assessment":
                return partner.cancel(self.store, spec["assessment"])
        ids = self.store.get("_key", spec["candidate"])
        if ids is None:
            raise KeyError(spec["candidate"])
        if spec["what"] == "order_assessment":
            return partner.order(self.store, spec["url"], ids, spec["package"])
        application = self.store.get("application", ids["application"]) or {}
        other = (self.store.get("_key", spec.get("into", "")) or {}).get("candidate")
        with self.store.together():
            self._change(spec, ids, application, other)
        now = self.store.get("application", ids["application"]) or application
        schedule = self.store.get("interviewSchedule", ids["interviewSchedule"]) or {}
        self._send(hooks.told(spec["what"], now, ids["candidate"], other, schedule))
        return {"ok": True, **ids}

    def _send(self, told: list[tuple[str, Json]]) -> None:
        wanted = self.store.get("_setting", "hooks")
        if wanted is None:
            return
        for action, data in told:
            sent = hooks.body(action, data)
            sending.send(wanted["url"], hooks.headers(sent, wanted["secret"]), sent)

    def _change(self, spec: Json, ids: Json, application: Json, other: str | None) -> None:
        candidate = self.store.get("candidate", ids["candidate"]) or {}
        match spec["what"]:
            case "stage":
                ended = {"rejected": "RejectedByOrg", "withdrawn": "RejectedByCandidate"}.get(spec["stage"])
                application["status"] = "Archived" if ended else "Active"
                application["archiveReason"] = (
                    {"id": seeding.number("reason", ended), "text": "…", "reasonType": ended}
                    if ended
                    else None
                )
                application["currentInterviewStage"] = seeding.stage("interview" if ended else spec["stage"])
                seeding.touch(self.store, "application", application)
            case "hire":
                application |= {"status": "Hired", "currentInterviewStage": seeding.stage("hired")}
                named = seeding.field("Application", "employee_number", spec["employee_number"])
                rest = [field for field in application["customFields"] if field["id"] != named["id"]]
                seeding.touch(self.store, "application", application | {"customFields": [*rest, named]})
            case "recording":
                name = f"interview-{ids['event']}{seeding.suffix(spec['file'])}"
                seeding.attach(
                    self.store, ids["candidate"], name, file=spec["file"], content=spec.get("content_hex")
                )
                # the recorder's last word on the interview: what happened to its schedule, and not to the candidate, is told
                schedule = self.store.get("interviewSchedule", ids["interviewSchedule"]) or {}
                seeding.touch(self.store, "interviewSchedule", schedule | {"status": "Complete"})
            case "consent":
                gone = seeding.title(f"consent_{spec['withdraw']}")
                candidate["customFields"] = [
                    field for field in candidate["customFields"] if field["title"] != gone
                ]
                seeding.touch(self.store, "candidate", candidate)
            case "name":
                seeding.touch(self.store, "candidate", candidate | {"name": spec["name"]})
            case "delete":
                for kind in ("candidate", "application", "interviewSchedule"):
                    self.store.delete(kind, ids[kind])
            case "merge":
                self._merge(candidate, application, self.store.get("candidate", str(other)) or {})
            case "anonymize":
                self._nameless(candidate)
            case _:
                raise KeyError(spec["what"])

    def _merge(self, candidate: Json, application: Json, other: Json) -> None:
        """The other's applications and files come to the one that stays, the other is gone."""
        stays = {"id": other["id"], "name": other["name"]}
        seeding.touch(
            self.store, "application", application | {"candidate": application["candidate"] | stays}
        )
        both = {name: [*other[name], *candidate[name]] for name in ("applicationIds", "fileHandles")}
        seeding.touch(self.store, "candidate", other | both)
        self.store.delete("candidate", candidate["id"])

    def state(self) -> Json:
        """What hub and recruiters can see, without clocks."""
        seen = super().state()
        hidden = ("createdAt", "updatedAt", "timestamp", "_partner")
        return {
            kind: {
                key: {name: value for name, value in body.items() if name not in hidden}
                for key, body in seen.get(kind, {}).items()
            }
            for kind in ("candidate", "application", "note", partner.KIND)
        }


def success(results: Any) -> Answer:
    """The envelope of a success."""
    return Answer({"success": True, "results": results})


def refused(
    code: str, status: int = 200, headers: dict[str, str] | None = None, message: str | None = None
) -> Answer:
    """The envelope of a refusal: the code counts, and the status line mostly says 200."""
    info = {
        "code": code,
        "message": message or code.replace("_", " ").capitalize(),
        "requestId": secrets.token_hex(8),
    }
    return Answer({"success": False, "errors": [code], "errorInfo": info}, status, dict(headers or {}))


def _fits(kind: str, value: object) -> bool:
    match kind:
        case "Number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "Boolean":
            return isinstance(value, bool)
        case "Date":
            return isinstance(value, str) and len(value) >= 10
    return isinstance(value, str)
