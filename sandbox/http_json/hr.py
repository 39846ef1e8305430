"""The in-house HR system's server: lists, recordings behind links, results, events; a refusal may come with status 200."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from functools import partial

from .. import hooks as sending
from ..server import Answer, Handler, Request, Vendor
from ..store import Json, Store
from . import hr_seed as seeding
from .hr_lists import HrLists, told
from .hr_said import RESULT_FIELDS, settings

KEY = "sandbox-hr-key"
LINK_SECONDS = 600
NO_LOGIN, BUSY, NOT_FOUND, FIELD, TAKEN, CLOSED = 40101, 42901, 40401, 42201, 40901, 50009


class InHouseHr(Vendor):
    """The stand-in."""

    name = "in_house_hr"

    def __init__(self, store: Store, size: int | None = None) -> None:
        super().__init__(store)
        self.size = size
        self.links: dict[str, tuple[str, float]] = {}
        self.window: tuple[int, int] = (0, 0)
        lists = HrLists(store)
        self._behind("GET", "/hr/jobs", lambda request: lists.jobs(request, self.base_url))
        self._behind("GET", "/hr/candidates", lists.candidates)
        self._behind("GET", "/hr/candidates/{no}", self.candidate)
        self._behind("GET", "/hr/applications", lists.applications)
        self._behind("POST", "/hr/interviews/Query", lists.interviews)
        self._behind("GET", "/hr/recordings", lambda request: lists.recordings(request, self._link))
        self._behind("GET", "/hr/recordings/{no}/link", self.link)
        self._behind("GET", "/hr/recordings/{no}/content", self.content)
        self._behind("GET", "/hr/recordings/{no}/watch", self.watch)
        self._behind("GET", "/hr/results", self.results)
        self._behind("POST", "/hr/results", self.assess)
        for method in ("PUT", "DELETE"):
            self._behind(method, "/hr/results/{no}", self.reassess)
        self.route("GET", "/files/{link}", self.file)

    def seed(self) -> None:
        """See `Vendor`."""
        seeding.seed(self.store, self.size)

    def announce(self) -> Json:
        """See `Vendor`."""
        return {"base_url": self.base_url, "key": KEY}

    def connection(self) -> Json:
        """See `Vendor`."""
        return {
            "conn_type": "trivet_http_json", "host": self.base_url, "password": KEY,
            "extra": {
                "environment": "sandbox", "private_networks": ["127.0.0.0/8"], "calls_per_second": 200.0, **settings(),
            },
        }  # fmt: skip

    def business_error(self, request: Request) -> Answer:  # noqa: ARG002
        """See `Vendor`."""
        return refused(CLOSED, "closed for the month's accounts")

    def too_many(self, retry_after: str) -> Answer:
        """See `Vendor`."""
        answer = refused(BUSY, "too many calls", status=429)
        answer.headers["Retry-After"] = retry_after
        return answer

    def _behind(self, method: str, template: str, inner: Handler) -> None:
        self.route(method, template, partial(self.guarded, inner=inner))

    def guarded(self, request: Request, inner: Handler) -> Answer:
        """The inner answer for who has the key, and calls left in the window."""
        if not hmac.compare_digest((request.headers.get("X-Hr-Key") or "").encode(), KEY.encode()):
            return refused(NO_LOGIN, "who are you?", status=401)
        said = self.store.get("_setting", "limit") or {"calls": 100_000, "seconds": 60}
        now = int(time.time() // said["seconds"])
        counted = self.window[1] + 1 if self.window[0] == now else 1
        self.window = (now, counted)
        reset = int((now + 1) * said["seconds"] - time.time()) + 1
        if counted > said["calls"]:
            return self.too_many(str(reset))
        answer = inner(request)
        answer.headers |= {"X-Calls-Left": str(said["calls"] - counted), "X-Calls-Reset": str(reset)}
        return answer

    def candidate(self, request: Request) -> Answer:
        """One person."""
        body = self.store.get("candidate", request.params["no"])
        return Answer({"ok": True, "row": body}) if body else missing()

    def link(self, request: Request) -> Answer:
        """A link to the recording that lives a while."""
        body = self.store.get("recording", request.params["no"])
        if body is None:
            return missing()
        said = {"url": self._link(body["no"]), "file": body["file"], "media_type": body["media_type"]}
        return Answer({"ok": True, "link": said})

    def watch(self, request: Request) -> Answer:
        """The same as a redirect."""
        body = self.store.get("recording", request.params["no"])
        return Answer(None, 302, {"Location": self._link(body["no"])}) if body else missing()

    def content(self, request: Request) -> Answer:
        """The bytes themselves, for who has the key."""
        body = self.store.get("recording", request.params["no"])
        return Answer(seeding.content_of(body), media_type=body["media_type"]) if body else missing()

    def file(self, request: Request) -> Answer:
        """The bytes behind a living link; no key is asked for."""
        number, until = self.links.get(request.params["link"], ("", 0.0))
        body = self.store.get("recording", number)
        if body is None or until < time.monotonic():
            return Answer(b"<Error>expired</Error>", 403, media_type="application/xml")
        return Answer(seeding.content_of(body), media_type=body["media_type"])

    def _link(self, number: str) -> str:
        link = secrets.token_urlsafe(16)
        self.links[link] = (number, time.monotonic() + LINK_SECONDS)
        return f"{self.base_url}/files/{link}"

    def results(self, request: Request) -> Answer:
        """By `ext_ref`, some joined by commas; without, all."""
        wanted = request.query.get("ext_ref")
        rows = [row for _, row in self.store.all("interview_result")]
        return told([row for row in rows if wanted is None or row["ext_ref"] in wanted.split(",")])

    def assess(self, request: Request) -> Answer:
        """A new result of an application; the same once more is the one that is there."""
        given = request.json()
        for row in self.store.owned("interview_result", "ext_ref", str(given.get("ext_ref"))):
            if row["data"] == given.get("data"):
                return Answer({"ok": True, "row": row})
            return refused(TAKEN, "ext_ref is taken", status=409, field="ext_ref")
        number = f"S-{self.store.next_number('assessment', 1):06d}"
        return self._assessed(number, given, 1)

    def reassess(self, request: Request) -> Answer:
        """Another content for a result, or its end."""
        number = request.params["no"]
        before = self.store.get("interview_result", number)
        if before is None:
            return missing()
        if request.method == "DELETE":
            self.store.delete("interview_result", number)
            return Answer({"ok": True})
        return self._assessed(number, request.json(), before["version"] + 1)

    def _assessed(self, number: str, given: Json, version: int) -> Answer:
        data = given.get("data") or {}
        unknown = [name for name in data if name not in RESULT_FIELDS]
        if unknown:
            return refused(FIELD, f"there is no field {unknown[0]}", field=unknown[0])
        if self.store.get("application", str(data.get("application_no"))) is None:
            # it quotes what was sent, as real systems do
            text = f"application {data.get('application_no')} is not known"
            return refused(FIELD, text, field="application_no")
        row = {"no": number, "ext_ref": given.get("ext_ref"), "version": version, "data": data}
        self.store.put("interview_result", number, row)
        return Answer({"ok": True, "row": row})

    def change(self, spec: Json) -> Json:
        """Hands of a recruiter: `what` is stage, hire, recording, consent, name, delete, limit or expire;
        subscribe sends events to `url`, signed with `secret`."""
        what = spec["what"]
        if what == "expire":
            self.links.clear()
            return {"ok": True}
        if what in ("limit", "subscribe"):
            self.store.put("_setting", "limit" if what == "limit" else "hooks", {"seconds": 60, **spec})
            self.window = (0, 0)
            return {"ok": True}
        ids = self.store.get("_key", spec["candidate"])
        if ids is None:
            raise KeyError(spec["candidate"])
        with self.store.together():
            self._change(spec, ids)
        self._tell("deleted" if what == "delete" else "changed", ids)
        return {"ok": True, **ids}

    def _change(self, spec: Json, ids: Json) -> None:
        candidate = self.store.get("candidate", ids["candidate"]) or {}
        application = self.store.get("application", ids["application"]) or {}
        match spec["what"]:
            case "stage":
                self.put("application", application | {"state": spec["stage"]})
            case "hire":
                self.put(
                    "application", application | {"state": "hired", "employee_no": spec["employee_number"]}
                )
            case "recording":
                for row in self.store.owned("recording", "interview_no", ids["interview"]):
                    self.store.delete("recording", row["no"])
                seeding.record(
                    self.store,
                    ids["interview"],
                    ids["application"],
                    spec["file"],
                    _now(),
                    spec.get("content_hex"),
                )
            case "consent":
                left = [one for one in candidate["consents"] if one["purpose"] != spec["withdraw"]]
                self.put("candidate", candidate | {"consents": left})
            case "name":
                self.put("candidate", candidate | {"name": spec["name"]})
            case "delete":
                self._forget(ids)
            case _:
                raise KeyError(spec["what"])

    def _forget(self, ids: Json) -> None:
        self.store.delete("candidate", ids["candidate"])
        self.store.delete("application", ids["application"])
        for row in self.store.owned("recording", "interview_no", ids["interview"]):
            self.store.delete("recording", row["no"])
        interview = self.store.get("interview", ids["interview"])
        if interview is not None:
            self.put("interview", interview | {"deleted_at": seeding.stamp(_now())})

    def put(self, kind: str, body: Json) -> None:
        """Stores it as changed now."""
        number = body.pop("no")
        seeding.put(self.store, kind, number, body, _now())

    def _tell(self, what: str, ids: Json) -> None:
        wanted = self.store.get("_setting", "hooks")
        if wanted is not None:
            names = {"candidate_no": ids["candidate"], "application_no": ids["application"]}
            sent = event(f"candidate.{what}", **names)
            sending.send(wanted["url"], signature(sent, wanted["secret"]), sent)

    def state(self) -> Json:
        """What hub and recruiters can see, without clocks, links and counters."""
        seen = super().state()
        rows = {
            kind: {
                key: {name: value for name, value in body.items() if name not in ("changed_at", "version")}
                for key, body in found.items()
            }
            for kind, found in seen.items()
        }
        assessed = [
            {k: v for k, v in row.items() if k != "no"} for row in rows.pop("interview_result", {}).values()
        ]
        return {**rows, "interview_result": sorted(assessed, key=lambda row: str(row["ext_ref"]))}


def refused(number: int, text: str, *, status: int = 200, field: str | None = None) -> Answer:
    """The envelope of a refusal."""
    return Answer({"ok": False, "error": {"no": number, "text": text, "field": field}}, status)


def missing() -> Answer:
    """HTTP 404."""
    return refused(NOT_FOUND, "there is no such record", status=404)


def event(kind: str, **names: str) -> bytes:
    """As it is sent: Chinese as it is."""
    said = {"event_no": secrets.token_hex(8), "event": kind, **names}
    return json.dumps(said, ensure_ascii=False).encode()


def signature(sent: bytes, secret: str) -> dict[str, str]:
    """The header that signs the raw body."""
    made = hmac.new(secret.encode(), sent, hashlib.sha256).digest()
    return {"X-Hr-Signature": "v1=" + base64.b64encode(made).decode()}


def _now() -> int:
    return int(time.time() * 1000)
