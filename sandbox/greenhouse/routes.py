"""Harvest v3's endpoints: client credentials, lists, wholesale custom fields, files behind links of seven days.

After harvestdocs.greenhouse.io as read by Airbyte's connector and two public clients; see `listing` for lists.
"""

import base64
import secrets
import time
from functools import partial

from .. import hooks as sending
from ..files import served
from ..server import Answer, Handler, Request, Vendor
from ..store import Json, Store
from . import hooks, partner
from . import seed as seeding
from .listing import KINDS, Refused, listed

CLIENT_ID, CLIENT_SECRET = "gh-sandbox-client", "gh-sandbox-secret"
TOKEN_SECONDS = 3600
LINK_SECONDS = 7 * 86_400
VISIBILITY = ("private", "public", "admin_only")


class Greenhouse(Vendor):
    """The stand-in."""

    name = "greenhouse"

    def __init__(self, store: Store, size: int | None = None) -> None:
        super().__init__(store)
        self.size = size
        self.tokens: dict[str, float] = {}
        self.links: dict[str, tuple[str, float]] = {}
        self.window: tuple[int, int] = (0, 0)
        self.route("POST", "/token", self.token)
        for kind in KINDS:
            self._guarded("GET", f"/v3/{kind}", partial(self.page, kind=kind))
        self._guarded("PATCH", "/v3/applications/{id}", partial(self.patch, kind="applications"))
        self._guarded("PATCH", "/v3/candidates/{id}", partial(self.patch, kind="candidates"))
        self._guarded("POST", "/v3/notes", self.create_note)
        self._guarded("POST", "/v3/attachments", self.create_attachment)
        self._guarded("DELETE", "/v3/attachments/{id}", self.delete_attachment)
        self.route("GET", "/files/{link}", self.file)
        self.route("PATCH", partner.PATH + "/{id}", partial(partner.completed, self.store))

    def seed(self) -> None:
        """See `Vendor`."""
        seeding.seed(self.store, self.size)

    def announce(self) -> Json:
        """See `Vendor`."""
        url = self.base_url
        return {"base_url": url, "auth_url": url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}

    def connection(self) -> Json:
        """See `Vendor`."""
        return {
            "conn_type": "trivet_greenhouse", "host": self.base_url, "login": CLIENT_ID, "password": CLIENT_SECRET,
            "extra": {
                "environment": "sandbox", "private_networks": ["127.0.0.0/8"], "auth_url": self.base_url,
                "calls_per_second": 200.0,
            },
        }  # fmt: skip

    def connections(self) -> Json:
        """See `Vendor`; a partner that is ordered from has a connection of its own."""
        extra = {
            "environment": "sandbox", "private_networks": ["127.0.0.0/8"], "callback_origins": [self.base_url],
            "calls_per_second": 200.0,
        }  # fmt: skip
        ordering = {"conn_type": "trivet_greenhouse_assessments", "password": partner.KEY, "extra": extra}
        return {self.name: self.connection(), "greenhouse_assessments": ordering}

    def business_error(self, request: Request) -> Answer:  # noqa: ARG002
        """See `Vendor`; there is none with status 200."""
        return refused("Validation failed")

    def too_many(self, retry_after: str) -> Answer:
        """See `Vendor`."""
        return Answer({"errors": ["Rate limit exceeded"]}, 429, {"Retry-After": retry_after})

    def token(self, request: Request) -> Answer:
        """An access token for the client's credentials."""
        said = "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("Authorization") != said:
            return Answer({"error": "invalid_client"}, 401)
        if b"grant_type=client_credentials" not in request.body:
            return Answer({"error": "unsupported_grant_type"}, 400)
        token = secrets.token_hex(16)
        self.tokens[token] = time.monotonic() + TOKEN_SECONDS
        return Answer({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS})

    def _guarded(self, method: str, path: str, inner: Handler) -> None:
        self.route(method, path, partial(self.guarded, inner=inner))

    def guarded(self, request: Request, inner: Handler) -> Answer:
        """The inner answer for a caller with a living token and calls left in the window."""
        token = (request.headers.get("Authorization") or "").removeprefix("Bearer ")
        if self.tokens.get(token, 0) < time.monotonic():
            return Answer({"errors": ["Invalid access token"]}, 401)
        limit, seconds = self._limit()
        began, counted = self.window
        now = int(time.time() // seconds)
        counted = counted + 1 if began == now else 1
        self.window = (now, counted)
        reset = int((now + 1) * seconds - time.time()) + 1
        if counted > limit:
            return self.too_many(str(reset))
        try:
            answer = inner(request)
        except Refused as error:
            answer = refused(str(error))
        told = {"Limit": limit, "Remaining": limit - counted, "Reset": reset}
        answer.headers |= {f"X-RateLimit-{name}": str(value) for name, value in told.items()}
        return answer

    def _limit(self) -> tuple[int, int]:
        said = self.store.get("_setting", "limit") or {"calls": 100_000, "seconds": 30}
        return said["calls"], said["seconds"]

    def page(self, request: Request, kind: str) -> Answer:
        """A page of the kind."""
        rows, cursor = listed(self.store, kind, request.query)
        if kind == "attachments":
            rows = [{**row, "url": self._link(row["id"])} if "id" in row else row for row in rows]
        following = f'<{self.base_url}/v3/{kind}?cursor={cursor}>; rel="next"'
        return Answer(rows, headers={"Link": following} if cursor else {})

    def patch(self, request: Request, kind: str) -> Answer:
        """Changes what is named; `custom_fields` replaces all of them."""
        body, changed = self.store.get(kind, request.params["id"]), request.json()
        if body is None:
            return missing()
        if "custom_fields" in changed:
            body["custom_fields"] = self._custom(kind, changed.pop("custom_fields"))
        unknown = [name for name in changed if name not in body or name in ("id", "created_at", "updated_at")]
        if unknown:
            return refused(f"{unknown[0]} is not allowed")
        return Answer(self._put(kind, body | changed))

    def _custom(self, kind: str, entries: list[Json]) -> Json:
        owner = kind.removesuffix("s")
        known = {
            body["name_key"]: body
            for _, body in self.store.all("custom_fields")
            if body["field_type"] == owner
        }
        by_id = {body["id"]: key for key, body in known.items()}
        made: Json = {}
        for entry in entries:
            key = str(entry.get("name_key") or by_id.get(entry.get("custom_field_id")))
            if key not in known:
                raise Refused(f"Custom field {key} does not exist")
            definition, value = known[key], entry.get("value")
            if value is None:
                continue
            if not _fits(definition["value_type"], value):
                raise Refused(f"{key} is not a valid {definition['value_type']}")
            made[key] = {"name": definition["name"], "type": definition["value_type"], "value": value}
        return made

    def create_note(self, request: Request) -> Answer:
        """A note in the candidate's feed; it can be neither changed nor taken away."""
        body = request.json()
        if self.store.get("candidates", str(body.get("candidate_id"))) is None:
            return missing()
        if not body.get("body") or body.get("visibility") not in VISIBILITY:
            return refused("body and visibility are required")
        made = {
            "candidate_id": body["candidate_id"], "application_id": body.get("application_id"), "body": body["body"],
            "type": body.get("note_type", "NOTE"), "visibility": f"{body['visibility']}_visible", "user_id": 300,
        }  # fmt: skip
        return Answer(self._new("notes", made), 201)

    def create_attachment(self, request: Request) -> Answer:
        """A file at an application."""
        body = request.json()
        application = self.store.get("applications", str(body.get("application_id")))
        if application is None:
            return missing()
        if not body.get("filename") or not body.get("type") or not body.get("content"):
            return refused("filename, type and content are required")
        content = base64.b64decode(body["content"], validate=True).hex()
        made = seeding.attach(
            self.store, application["id"], application["candidate_id"], body["filename"], _now(), content=content,
            kind=body["type"],
        )  # fmt: skip
        return Answer({name: value for name, value in made.items() if not name.startswith("_")}, 201)

    def delete_attachment(self, request: Request) -> Answer:
        """A file is taken away."""
        return Answer(None, 204) if self.store.delete("attachments", request.params["id"]) else missing()

    def file(self, request: Request) -> Answer:
        """The bytes behind a living link; no token is asked for."""
        attachment, until = self.links.get(request.params["link"], ("", 0.0))
        body = self.store.get("attachments", attachment)
        if body is None or until < time.monotonic():
            return Answer(b"<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
        kind = seeding.MEDIA_TYPES.get(seeding.suffix(body["filename"]), "application/octet-stream")
        return served(request, seeding.content_of(body), kind)

    def _link(self, attachment: int) -> str:
        elsewhere = (self.store.get("attachments", str(attachment)) or {}).get("_url")
        if elsewhere:
            return str(elsewhere)
        link = secrets.token_urlsafe(16)
        self.links[link] = (str(attachment), time.monotonic() + LINK_SECONDS)
        return f"{self.base_url}/files/{link}"

    def _new(self, kind: str, body: Json) -> Json:
        number = self.store.next_number(kind, seeding.FIRST[kind])
        return self._put(kind, {"id": number, **body, "created_at": seeding.stamp(_now())})

    def _put(self, kind: str, body: Json) -> Json:
        now = _now()
        body["updated_at"] = seeding.stamp(now)
        self.store.put(kind, str(body["id"]), body, now)
        return body

    def change(self, spec: Json) -> Json:
        """Hands of a recruiter: `what` is stage, hire, recording, meeting, consent, name, delete, merge, anonymize, limit or
        expire; an interviewer's is judge; subscribe sends web hooks to `url`, signed with `secret`; order_assessment orders
        `package` from the partner at `url`."""
        what = spec["what"]
        if what == "expire":
            self.tokens.clear()
            self.links.clear()
            return {"ok": True}
        if what == "limit":
            self.store.put("_setting", "limit", {"calls": spec["calls"], "seconds": spec.get("seconds", 30)})
            self.window = (0, 0)
            return {"ok": True}
        if what == "subscribe":
            self.store.put("_setting", "hooks", spec)
            self._send("ping", {})
            return {"ok": True}
        ids = self.store.get("_key", spec["candidate"])
        if ids is None:
            raise KeyError(spec["candidate"])
        if what == "order_assessment":
            return partner.order(
                self.store, self.base_url, spec["url"], ids, spec["package"], spec.get("again")
            )
        if what == "judge":
            interview = self.store.get("interviews", str(ids["interview"])) or {}
            return seeding.scorecard(self.store, interview, spec, _now())
        with self.store.together():
            self._change(spec, ids)
        self._tell(spec, ids)
        return {"ok": True, **ids}

    def _tell(self, spec: Json, ids: Json) -> None:
        match spec["what"]:
            case "delete":
                person = {"id": ids["candidate"], "deleted_application_ids": [ids["application"]]}
                self._send("delete_candidate", {"person": person})
            case "merge":
                other = self.store.get("_key", spec["into"]) or {}
                person = {"id": ids["candidate"], "new_candidate_id": other["candidate"]}
                self._send("merge_candidate", {"person": person})
            case "anonymize":
                fields = ["full_name", "email_addresses", "phone_numbers", "addresses"]
                self._send(
                    "candidate_anonymized", {"candidate_id": ids["candidate"], "anonymized_fields": fields}
                )
            case "hire":
                self._send("hire_candidate", {"application": {"id": ids["application"]}})
            case _:
                self._send("update_candidate", {"candidate": {"id": ids["candidate"]}})

    def _send(self, action: str, payload: Json) -> None:
        wanted = self.store.get("_setting", "hooks")
        if wanted is not None:
            sent = hooks.body(action, payload)
            sending.send(wanted["url"], hooks.headers(sent, wanted["secret"]), sent)

    def _change(self, spec: Json, ids: Json) -> None:
        candidate = self.store.get("candidates", str(ids["candidate"])) or {}
        application = self.store.get("applications", str(ids["application"])) or {}
        match spec["what"]:
            case "stage":
                ended = spec["stage"] == "rejected"
                application["status"] = "rejected" if ended else "in_process"
                application["rejected_at"] = seeding.stamp(_now()) if ended else None
                self._put("applications", application)
            case "hire":
                application["status"] = "hired"
                number = {"name": "Employee number", "type": "short_text", "value": spec["employee_number"]}
                application["custom_fields"]["employee_number"] = number
                self._put("applications", application)
            case "recording":
                name = f"interview-{ids['interview']}{seeding.suffix(spec['file'])}"
                seeding.attach(
                    self.store, ids["application"], ids["candidate"], name, _now(), file=spec["file"],
                    content=spec.get("content_hex"), url=spec.get("url"),
                )  # fmt: skip
            case "meeting":
                interview = self.store.get("interviews", str(ids["interview"])) or {}
                self._put("interviews", interview | spec["interview"])
            case "consent":
                candidate["custom_fields"].pop(f"consent_{spec['withdraw']}", None)
                self._put("candidates", candidate)
            case "name":
                candidate |= {"first_name": spec["name"], "last_name": ""}
                self._put("candidates", candidate)
            case "delete":
                self._forget(ids)
            case "merge":
                # the other's applications come to the one that stays, the other is gone
                other = self.store.get("_key", spec["into"]) or {}
                application["candidate_id"] = other["candidate"]
                self._put("applications", application)
                self.store.delete("candidates", str(ids["candidate"]))
            case "anonymize":
                candidate |= {
                    "first_name": "(anonymized)",
                    "last_name": "(anonymized)",
                    "email_addresses": [],
                }
                self._put("candidates", candidate | {"phone_numbers": [], "addresses": []})
            case _:
                raise KeyError(spec["what"])

    def _forget(self, ids: Json) -> None:
        for kind, name in (
            ("candidates", "id"),
            ("applications", "candidate_id"),
            ("attachments", "candidate_id"),
        ):
            for body in self.store.owned(kind, name, ids["candidate"]):
                self.store.delete(kind, str(body["id"]))
        self.store.delete("interviews", str(ids["interview"]))

    def state(self) -> Json:
        """What hub and recruiters can see, without clocks and counters."""
        seen = super().state()
        hidden = ("updated_at", "created_at", "last_activity_at", "_partner")
        return {
            kind: {
                key: {name: value for name, value in body.items() if name not in hidden}
                for key, body in seen.get(kind, {}).items()
            }
            for kind in ("candidates", "applications", "attachments", "notes", partner.KIND)
        }


def refused(text: str) -> Answer:
    """HTTP 422."""
    return Answer({"errors": [text]}, 422)


def missing() -> Answer:
    """HTTP 404."""
    return Answer({"errors": ["Resource not found"]}, 404)


def _fits(kind: str, value: object) -> bool:
    match kind:
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "date":
            return isinstance(value, str) and len(value) == 10
        case "short_text":
            return isinstance(value, str) and len(value) <= 255
    return isinstance(value, str)


def _now() -> int:
    return int(time.time() * 1000)
