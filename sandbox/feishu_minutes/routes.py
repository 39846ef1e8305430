"""Meetings of the open platform (vc v1) and minutes (minutes v1), by tenant token."""

import secrets
import time
from functools import partial

from ..company import RECORDINGS, people
from ..files import served
from ..interviews import MINUTES, begin_ms, instant
from ..server import Answer, Handler, Request, Vendor
from ..store import Json, Store

APP_ID, APP_SECRET = "cli_a1b2c3d4e5f60002", "minutes-sandbox-secret"
TOKEN_SECONDS, LINK_SECONDS = 7200, 86_400
FIRST_MEETING, FIRST_NUMBER = 6_911_188_411_000_000_000, 300_000_000
LATE_MS = 60_000
BAD_TOKEN, TOO_MANY, BAD_SECRET, NOT_FOUND, GENERATING = 99991663, 99991400, 10014, 121004, 124002
NO_MINUTE = 2091002


class FeishuMinutes(Vendor):
    """The stand-in."""

    name = "feishu_minutes"

    def __init__(self, store: Store, size: int | None = None) -> None:
        super().__init__(store)
        self.size = size
        self.tokens: dict[str, float] = {}
        self.links: dict[str, tuple[str, float]] = {}
        self.route("POST", "/open-apis/auth/v3/tenant_access_token/internal", self.token)
        for path, handler in (
            ("/vc/v1/meetings/list_by_no", self.by_number),
            ("/vc/v1/meetings/{id}", self.meeting),
            ("/vc/v1/meetings/{id}/recording", self.recording),
            ("/minutes/v1/minutes/{token}/media", self.media),
        ):
            self.route("GET", "/open-apis" + path, partial(self.guarded, inner=handler))
        self.route("GET", "/files/{link}", self.file)

    def seed(self) -> None:
        """See `Vendor`."""
        with self.store.together():
            for i, person in enumerate(people(self.size)):
                at = begin_ms(i) + LATE_MS
                body = {
                    "id": str(FIRST_MEETING + i), "meeting_no": str(FIRST_NUMBER + i), "_at": at, "_key": person.key,
                    "_state": "ready", "_minute": f"obcn{i:020d}", "file": person.recording,
                }  # fmt: skip
                self.store.put("meeting", str(body["id"]), body, at)

    def announce(self) -> Json:
        """See `Vendor`."""
        return {"base_url": self.base_url, "app_id": APP_ID, "app_secret": APP_SECRET}

    def connection(self) -> Json:
        """See `Vendor`."""
        return {
            "conn_type": "trivet_feishu_minutes", "host": self.base_url, "login": APP_ID, "password": APP_SECRET,
            "extra": {
                "environment": "sandbox", "private_networks": ["127.0.0.0/8"], "calls_per_second": 200.0,
            },
        }  # fmt: skip

    def business_error(self, request: Request) -> Answer:  # noqa: ARG002
        """See `Vendor`."""
        return _failure(121001, "invalid params")

    def too_many(self, retry_after: str) -> Answer:
        """See `Vendor`."""
        headers = {"x-ogw-ratelimit-limit": "100", "x-ogw-ratelimit-reset": retry_after}
        return Answer({"code": TOO_MANY, "msg": "request trigger frequency limit"}, 429, headers)

    def token(self, request: Request) -> Answer:
        """`tenant_access_token` for the app's id and secret."""
        body = request.json()
        if (body.get("app_id"), body.get("app_secret")) != (APP_ID, APP_SECRET):
            return Answer({"code": BAD_SECRET, "msg": "app secret invalid"})
        token = "t-" + secrets.token_hex(16)
        self.tokens[token] = time.monotonic() + TOKEN_SECONDS
        return Answer({"code": 0, "msg": "ok", "tenant_access_token": token, "expire": TOKEN_SECONDS})

    def guarded(self, request: Request, inner: Handler) -> Answer:
        """The inner answer for a caller with a living token."""
        token = (request.headers.get("Authorization") or "").removeprefix("Bearer ")
        if self.tokens.get(token, 0) < time.monotonic():
            return Answer({"code": BAD_TOKEN, "msg": "Invalid access token for authorization."}, 400)
        return inner(request)

    def by_number(self, request: Request) -> Answer:
        """Meetings under the number that began within the time, without their times."""
        low, high = (int(request.query[name]) * 1000 for name in ("start_time", "end_time"))
        found = [
            {"id": body["id"], "topic": "Interview", "meeting_no": body["meeting_no"]}
            for body in self.store.owned("meeting", "meeting_no", request.query["meeting_no"])
            if low <= body["_at"] <= high
        ]
        return _success({"has_more": False, "meeting_briefs": found})

    def meeting(self, request: Request) -> Answer:
        """With its times, in seconds as text."""
        body = self.store.get("meeting", request.params["id"])
        if body is None:
            return _failure(NOT_FOUND, "meeting not exist")
        begin, end = body["_at"] // 1000, body["_at"] // 1000 + MINUTES * 60
        shown = {
            "id": body["id"], "topic": "Interview", "meeting_no": body["meeting_no"], "create_time": str(begin),
            "start_time": str(begin), "end_time": str(end), "status": 3,
        }  # fmt: skip
        return _success({"meeting": shown})

    def recording(self, request: Request) -> Answer:
        """The address of its minute."""
        body = self.store.get("meeting", request.params["id"])
        if body is None or body["_state"] == "none":
            return _failure(NOT_FOUND, "recording not exist")
        if body["_state"] == "processing":
            return _failure(GENERATING, "recording is generating")
        url = f"https://yunxiu.feishu.cn/minutes/{body['_minute']}"
        return _success({"recording": {"url": url, "duration": str(MINUTES * 60_000)}})

    def media(self, request: Request) -> Answer:
        """A link that lives a day."""
        held = self.store.owned("meeting", "_minute", request.params["token"])
        if not held:
            return _failure(NO_MINUTE, "minute not found")
        link = secrets.token_urlsafe(16)
        self.links[link] = (held[0]["id"], time.monotonic() + LINK_SECONDS)
        return _success({"download_url": f"{self.base_url}/files/{link}"})

    def file(self, request: Request) -> Answer:
        """The bytes behind a living link; no token is asked for."""
        name, until = self.links.get(request.params["link"], ("", 0.0))
        body = self.store.get("meeting", name)
        if body is None or until < time.monotonic():
            return Answer(b"link expired", 403, media_type="text/plain")
        known = body.get("content")
        content = bytes.fromhex(known) if known else (RECORDINGS / str(body["file"])).read_bytes()
        return served(request, content, "video/mp4")

    def change(self, spec: Json) -> Json:
        """What happens to the meeting of a candidate: `what` is recording (a new one), state (none, processing, ready), or
        room (held in the room of another candidate)."""
        (meeting,) = [body for _, body in self.store.all("meeting") if body["_key"] == spec["candidate"]]
        match spec["what"]:
            case "recording":
                meeting["content"] = spec["content_hex"]
            case "state":
                meeting["_state"] = spec["state"]
            case "room":
                (other,) = [b for _, b in self.store.all("meeting") if b["_key"] == spec["of"]]
                meeting |= {"meeting_no": other["meeting_no"], "_at": other["_at"] + 3_600_000}
            case _:
                raise KeyError(spec["what"])
        self.store.put("meeting", meeting["id"], meeting, meeting["_at"])
        return {
            "ok": True, "meeting_no": meeting["meeting_no"], "meeting_id": meeting["id"], "minute": meeting["_minute"],
            "starts_at": instant(meeting["_at"] - LATE_MS),
        }  # fmt: skip


def _success(data: Json) -> Answer:
    return Answer({"code": 0, "msg": "success", "data": data})


def _failure(code: int, message: str) -> Answer:
    return Answer({"code": code, "msg": message}, 400)
