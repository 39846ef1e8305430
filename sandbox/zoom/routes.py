"""Zoom's cloud recordings: a token for the account, the latest meeting by number, every one by UUID, links that lead on.

After developers.zoom.us; a link wants the token and leads to a store on another host, which refuses whoever shows it one.
"""

import base64
import secrets
import time
from functools import partial
from urllib.parse import unquote

from .. import hooks as sending
from ..company import RECORDINGS, people
from ..files import served
from ..interviews import MINUTES, begin_ms, instant
from ..server import Answer, Handler, Request, Vendor
from ..store import Json, Store
from . import events

ACCOUNT, CLIENT_ID, CLIENT_SECRET = "zm-sandbox-account", "zm-sandbox-client", "zm-sandbox-secret"
TOKEN_SECONDS = 3600
FIRST = 85_000_000_000
LATE_MS = 90_000
"""A meeting begins so long after its interview was to."""
NO_RECORDING = {"code": 3301, "message": "This recording does not exist."}
BAD_TOKEN = {"code": 124, "message": "Invalid access token."}


class Zoom(Vendor):
    """The stand-in."""

    name = "zoom"

    def __init__(self, store: Store, size: int | None = None) -> None:
        super().__init__(store)
        self.size = size
        self.tokens: dict[str, float] = {}
        self.links: dict[str, str] = {}
        self.route("POST", "/oauth/token", self.token)
        self.route("GET", "/v2/meetings/{name}/recordings", partial(self.guarded, inner=self.recordings))
        self.route("GET", "/v2/past_meetings/{name}/instances", partial(self.guarded, inner=self.instances))
        self.route("GET", "/rec/download/{file}", partial(self.guarded, inner=self.download))
        self.route("GET", "/files/{link}", self.file)

    def seed(self) -> None:
        """See `Vendor`."""
        with self.store.together():
            for i, person in enumerate(people(self.size)):
                self._put(person.key, FIRST + i, begin_ms(i) + LATE_MS, file=person.recording)

    def _put(self, key: str, number: int, at: int, **what: object) -> Json:
        uuid = "/" + base64.b64encode(f"{number}{at}".encode()).decode()[:20] + "=="
        body: Json = {"uuid": uuid, "id": number, "_at": at, "_key": key, "_state": "completed", **what}
        self.store.put("meeting", uuid, body, at)
        return body

    def announce(self) -> Json:
        """See `Vendor`."""
        url = self.base_url
        return {
            "base_url": url, "auth_url": url, "account_id": ACCOUNT, "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }  # fmt: skip

    def connection(self) -> Json:
        """See `Vendor`."""
        return {
            "conn_type": "trivet_zoom", "host": self.base_url, "login": CLIENT_ID, "password": CLIENT_SECRET,
            "extra": {
                "environment": "sandbox", "private_networks": ["127.0.0.0/8"], "auth_url": self.base_url,
                "account_id": ACCOUNT, "download_hosts": ["127.0.0.1"], "calls_per_second": 200.0,
            },
        }  # fmt: skip

    def business_error(self, request: Request) -> Answer:  # noqa: ARG002
        """See `Vendor`; there is none with status 200."""
        return Answer({"code": 300, "message": "Invalid meeting ID."}, 400)

    def too_many(self, retry_after: str) -> Answer:
        """See `Vendor`."""
        said = {"code": 429, "message": "You have reached the maximum per-second rate limit for this API."}
        return Answer(said, 429, {"Retry-After": retry_after})

    def token(self, request: Request) -> Answer:
        """A token for the account, by the app's credentials."""
        said = "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("Authorization") != said:
            return Answer({"reason": "Invalid client_id or client_secret", "error": "invalid_client"}, 400)
        if request.query != {"grant_type": "account_credentials", "account_id": ACCOUNT}:
            return Answer({"reason": "Bad Request", "error": "invalid_request"}, 400)
        token = secrets.token_hex(16)
        self.tokens[token] = time.monotonic() + TOKEN_SECONDS
        return Answer({"access_token": token, "token_type": "bearer", "expires_in": TOKEN_SECONDS})

    def guarded(self, request: Request, inner: Handler) -> Answer:
        """The inner answer for a caller with a living token."""
        token = (request.headers.get("Authorization") or "").removeprefix("Bearer ")
        return inner(request) if self.tokens.get(token, 0) > time.monotonic() else Answer(BAD_TOKEN, 401)

    def recordings(self, request: Request) -> Answer:
        """Of the latest meeting under a number, or of the one with the UUID, which comes encoded twice."""
        found = self._found(request.params["name"])
        if found is None or found["_state"] == "none":
            return Answer(NO_RECORDING, 404)
        return Answer(self._shown(found))

    def _found(self, name: str) -> Json | None:
        if not name.isdecimal():
            return self.store.get("meeting", unquote(unquote(name)))
        held = [body for body in self._held(int(name)) if body["_state"] != "none"]
        return held[-1] if held else None

    def _held(self, number: int) -> list[Json]:
        return sorted(self.store.owned("meeting", "id", number), key=lambda body: body["_at"])

    def _shown(self, meeting: Json) -> Json:
        end = meeting["_at"] + MINUTES * 60_000
        span = {"recording_start": instant(meeting["_at"]), "recording_end": instant(end)}
        files = [
            {"id": secrets.token_hex(8), "meeting_id": meeting["uuid"], **span, "file_type": kind, "file_extension": kind,
             "file_size": len(self._content(meeting)), "recording_type": what, "status": meeting["_state"],
             "play_url": f"{self.base_url}/rec/play/x",
             "download_url": f"{self.base_url}/rec/download/{base64.urlsafe_b64encode(meeting['uuid'].encode()).decode()}"}
            for kind, what in meeting.get("_files") or [["MP4", "shared_screen_with_speaker_view"], ["M4A", "audio_only"]]
        ]  # fmt: skip
        files.append(
            {"meeting_id": meeting["uuid"], **span, "file_type": "TIMELINE", "file_extension": "JSON"}
        )
        return {
            "uuid": meeting["uuid"], "id": meeting["id"], "account_id": ACCOUNT, "host_id": "zm-host", "topic": "Interview",
            "type": 2, "start_time": instant(meeting["_at"]), "timezone": "Asia/Shanghai", "duration": MINUTES,
            "recording_count": len(files), "share_url": f"{self.base_url}/rec/share/x", "recording_files": files,
        }  # fmt: skip

    def instances(self, request: Request) -> Answer:
        """Every meeting that was held under the number."""
        held = self._held(int(request.params["name"])) if request.params["name"].isdecimal() else []
        if not held:
            return Answer({"code": 3001, "message": "Meeting does not exist: " + request.params["name"]}, 404)
        shown = [{"uuid": body["uuid"], "start_time": instant(body["_at"])} for body in reversed(held)]
        return Answer({"meetings": shown})

    def download(self, request: Request) -> Answer:
        """Leads on to the store, on another host."""
        uuid = base64.urlsafe_b64decode(request.params["file"]).decode()
        link = secrets.token_urlsafe(16)
        self.links[link] = uuid
        elsewhere = self.base_url.replace("127.0.0.1", "localhost")
        return Answer(None, 302, {"Location": f"{elsewhere}/files/{link}?data=signed"})

    def file(self, request: Request) -> Answer:
        """The bytes; a store takes one proof, not two."""
        if request.headers.get("Authorization"):
            return Answer(b"Only one auth mechanism allowed", 400, media_type="text/plain")
        meeting = self.store.get("meeting", self.links.get(request.params["link"], ""))
        if meeting is None:
            return Answer(b"<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
        return served(request, self._content(meeting), "audio/mp4")

    def _content(self, meeting: Json) -> bytes:
        if meeting.get("content") is not None:
            return bytes.fromhex(meeting["content"])
        return (RECORDINGS / str(meeting["file"])).read_bytes()

    def change(self, spec: Json) -> Json:
        """What happens to the meeting of a candidate: `what` is recording (a new one), state (none, processing, completed;
        the last tells whoever subscribed), files, room (held in the room of another candidate), expire; subscribe sends events
        to `url`, signed with `secret`."""
        what = spec["what"]
        if what == "expire":
            self.tokens.clear()
            self.links.clear()
            return {"ok": True}
        if what == "subscribe":
            self.store.put("_setting", "hooks", spec)
            return {"ok": True}
        (meeting,) = [body for _, body in self.store.all("meeting") if body["_key"] == spec["candidate"]]
        match what:
            case "recording":
                meeting |= {"file": spec.get("file"), "content": spec.get("content_hex")}
            case "state":
                meeting["_state"] = spec["state"]
            case "files":
                meeting["_files"] = spec["files"]
            case "room":
                (other,) = [b for _, b in self.store.all("meeting") if b["_key"] == spec["of"]]
                meeting["id"] = other["id"]
            case _:
                raise KeyError(what)
        self.store.put("meeting", meeting["uuid"], meeting, meeting["_at"])
        if what == "state" and spec["state"] == "completed":
            self._tell(meeting)
        return {"ok": True, "meeting_id": meeting["id"], "starts_at": instant(meeting["_at"] - LATE_MS)}

    def _tell(self, meeting: Json) -> None:
        wanted = self.store.get("_setting", "hooks")
        if wanted is not None:
            payload = {"account_id": ACCOUNT, "object": self._shown(meeting)}
            sent = events.body("recording.completed", payload)
            sending.send(wanted["url"], events.headers(sent, wanted["secret"]), sent)
