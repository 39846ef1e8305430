"""Feishu Hire's endpoints: tokens, lists by update time, files behind expiring links, notes."""

import base64
import json
import secrets
import time
from collections.abc import Callable
from functools import partial
from urllib.parse import quote

from .. import hooks
from ..files import served
from ..server import Answer, Handler, Request, Vendor
from ..store import Json, Store
from . import events, exams
from . import seed as seeding

APP_ID, APP_SECRET = "cli_a1b2c3d4e5f60001", "sandbox-feishu-secret"
ENCRYPT_KEY, VERIFICATION_TOKEN = "sandbox-encrypt-key", "sandbox-verification-token"
TOKEN_SECONDS = 7200
LINK_SECONDS = 600
FAR = 2**62
OK = 0
# codes as open.feishu.cn's pages give them for the gateway; those of hire itself are our assumption
BAD_SECRET, BAD_TOKEN, TOO_MANY, BAD_PARAM, NOT_FOUND = 10014, 99991663, 99991400, 1002001, 1002002
PREFIX = "/open-apis/hire/v1"


class FeishuHire(Vendor):
    """The stand-in."""

    name = "feishu_hire"

    def __init__(self, store: Store, size: int | None = None) -> None:
        super().__init__(store)
        self.size = size
        self.tokens: dict[str, float] = {}
        self.links: dict[str, tuple[str, float]] = {}
        self.route("POST", "/open-apis/auth/v3/tenant_access_token/internal", self.token)
        guarded = (
            ("GET", "/jobs", partial(self.by_time, kind="job")),
            ("GET", "/jobs/{id}", partial(self.one, kind="job")),
            ("GET", "/talents", partial(self.by_time, kind="talent")),
            ("GET", "/talents/{id}", partial(self.one, kind="talent")),
            ("GET", "/applications", self.application_ids),
            ("GET", "/applications/{id}", partial(self.one, kind="application")),
            ("GET", "/interviews", self.interviews),
            ("GET", "/employees/get_by_application", self.employee),
            ("GET", "/attachments/{id}", self.attachment),
            ("GET", "/notes", self.notes),
            ("POST", "/notes", self.create_note),
            ("GET", "/notes/{id}", partial(self.one, kind="note")),
            ("PATCH", "/notes/{id}", self.patch_note),
            ("DELETE", "/notes/{id}", self.delete_note),
        )
        for method, path, handler in guarded:
            self.route(method, PREFIX + path, partial(self.guarded, inner=handler))
        for path, said in (
            ("/eco_exam_papers", exams.papers),
            ("/eco_exams/{id}/login_info", exams.login),
            ("/eco_exams/{id}/update_result", exams.result),
        ):
            self.route("POST", PREFIX + path, partial(self.guarded, inner=partial(self.exam, said=said)))
        self.route("GET", "/files/{link}", self.file)

    def seed(self) -> None:
        """See `Vendor`."""
        seeding.seed(self.store, self.size)

    def announce(self) -> Json:
        """See `Vendor`."""
        return {"base_url": self.base_url, "app_id": APP_ID, "app_secret": APP_SECRET}

    def connection(self) -> Json:
        """See `Vendor`."""
        said = self.announce()
        return {
            "conn_type": "trivet_feishu_hire", "host": self.base_url, "login": said["app_id"],
            "password": said["app_secret"],
            "extra": {
                "environment": "sandbox", "private_networks": ["127.0.0.0/8"], "encrypt_key": ENCRYPT_KEY,
                "verification_token": VERIFICATION_TOKEN,
            },
        }  # fmt: skip

    def connections(self) -> Json:
        """See `Vendor`; a provider of written tests has a connection of its own."""
        extra = {"environment": "sandbox", "private_networks": ["127.0.0.0/8"], "account_id": exams.ACCOUNT}
        tests = self.connection() | {"conn_type": "trivet_feishu_exams", "extra": extra}
        return {self.name: self.connection(), "feishu_exams": tests}

    def exam(self, request: Request, said: Callable[[Store, Request], exams.Refusal | None]) -> Answer:
        """What the provider of written tests says."""
        return exams.answer(said(self.store, request))

    def business_error(self, request: Request) -> Answer:  # noqa: ARG002
        """See `Vendor`."""
        return failure(BAD_PARAM, "invalid params")

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
        return Answer({"code": OK, "msg": "ok", "tenant_access_token": token, "expire": TOKEN_SECONDS})

    def guarded(self, request: Request, inner: Handler) -> Answer:
        """The inner answer for a caller with a living token."""
        token = (request.headers.get("Authorization") or "").removeprefix("Bearer ")
        if self.tokens.get(token, 0) < time.monotonic():
            return failure(
                BAD_TOKEN, "Invalid access token for authorization. Please make a test attempt.", 400
            )
        return inner(request)

    def by_time(self, request: Request, kind: str) -> Answer:
        """Whole objects by update time and id, a page at a time."""
        rows, more, token = self._page(request, kind)
        return success({"items": [body for _, _, body in rows], "has_more": more, "page_token": token})

    def application_ids(self, request: Request) -> Answer:
        """Ids only, as the vendor answers."""
        if "talent_id" in request.query:
            owned = self.store.owned("application", "talent_id", request.query["talent_id"])
            return success({"items": [body["id"] for body in owned], "has_more": False, "page_token": ""})
        rows, more, token = self._page(request, "application")
        return success({"items": [key for _, key, _ in rows], "has_more": more, "page_token": token})

    def interviews(self, request: Request) -> Answer:
        """By application, by id, or by begin time; one of them is required."""
        query = request.query
        if not {"application_id", "interview_id", "start_time", "end_time"} & set(query):
            return failure(BAD_PARAM, "application_id, interview_id, start_time and end_time are all empty")
        if "application_id" in query or "interview_id" in query:
            found = [
                body
                for key, body in self.store.all("interview")
                if query.get("interview_id") in (None, key)
                and query.get("application_id") in (None, body["application_id"])
            ]
            return success({"items": found, "has_more": False, "page_token": ""})
        rows, more, token = self._page(request, "interview", "start_time", "end_time")
        return success({"items": [body for _, _, body in rows], "has_more": more, "page_token": token})

    def _page(
        self, request: Request, kind: str, low: str = "update_start_time", high: str = "update_end_time"
    ) -> tuple[list[tuple[int, str, Json]], bool, str]:
        query = request.query
        size = min(int(query.get("page_size") or 10), 100)
        after = (-1, "")
        if query.get("page_token"):
            at, key = json.loads(base64.urlsafe_b64decode(query["page_token"]))
            after = (int(at), str(key))
        rows = self.store.since(kind, int(query.get(low) or 0), int(query.get(high) or FAR), after, size + 1)
        more = len(rows) > size
        rows = rows[:size]
        token = base64.urlsafe_b64encode(json.dumps(rows[-1][:2]).encode()).decode() if more else ""
        return rows, more, token

    def one(self, request: Request, kind: str) -> Answer:
        """One object by id."""
        body = self.store.get(kind, request.params["id"])
        return success({kind: body}) if body else failure(NOT_FOUND, f"{kind} not exist")

    def employee(self, request: Request) -> Answer:
        """The on-boarding record of an application."""
        body = self.store.get("employee", request.query.get("application_id", ""))
        return success({"employee": body}) if body else failure(NOT_FOUND, "employee not exist")

    def attachment(self, request: Request) -> Answer:
        """The file's description with a link that lives a while."""
        body = self.store.get("attachment", request.params["id"])
        if body is None:
            return failure(NOT_FOUND, "attachment not exist")
        link = secrets.token_urlsafe(16)
        self.links[link] = (request.params["id"], time.monotonic() + LINK_SECONDS)
        shown = {name: value for name, value in body.items() if not name.startswith("_")}
        return success({"attachment": {**shown, "url": f"{self.base_url}/files/{quote(link)}"}})

    def file(self, request: Request) -> Answer:
        """The bytes behind a living link; no token is asked for."""
        attachment, until = self.links.get(request.params["link"], ("", 0.0))
        body = self.store.get("attachment", attachment)
        if body is None or until < time.monotonic():
            return Answer(b"link expired", 403, media_type="text/plain")
        return served(request, seeding.content_of(body), body["mime"])

    def notes(self, request: Request) -> Answer:
        """A talent's notes."""
        talent = request.query.get("talent_id", "")
        if self.store.get("talent", talent) is None:
            return failure(NOT_FOUND, "talent not exist")
        found = self.store.owned("note", "talent_id", talent)
        return success({"items": found, "has_more": False, "page_token": ""})

    def create_note(self, request: Request) -> Answer:
        """A new note at a talent; the vendor knows no idempotency key here."""
        body = request.json()
        if self.store.get("talent", str(body.get("talent_id"))) is None:
            return failure(NOT_FOUND, "talent not exist")
        if not body.get("content"):
            return failure(BAD_PARAM, "content is empty")
        number = self.store.next_number("note", 6970100000000000001)
        now = int(time.time() * 1000)
        note = {
            "id": str(number), "talent_id": body["talent_id"], "application_id": body.get("application_id", ""),
            "is_private": body.get("is_private", False), "privacy": body.get("privacy", 1), "content": body["content"],
            "creator_id": body.get("creator_id", "ou_trivet"), "create_time": now, "modify_time": now,
        }  # fmt: skip
        self.store.put("note", note["id"], note)
        return success({"note": note})

    def patch_note(self, request: Request) -> Answer:
        """Another content for a note."""
        note = self.store.get("note", request.params["id"])
        if note is None:
            return failure(NOT_FOUND, "note not exist")
        body = request.json()
        note["content"] = body.get("content", note["content"])
        note["modify_time"] = int(time.time() * 1000)
        self.store.put("note", note["id"], note)
        return success({"note": note})

    def delete_note(self, request: Request) -> Answer:
        """A note is taken away."""
        if not self.store.delete("note", request.params["id"]):
            return failure(NOT_FOUND, "note not exist")
        return success({})

    def change(self, spec: Json) -> Json:
        """Hands of a recruiter: `what` is stage, hire, recording, consent, name, delete or expire; an interviewer's is judge;
        subscribe sends the app's events to `url`, encrypted with `encrypt_key`; order_assessment arranges the exam of
        `package` with its provider, mark_exam marks `exam`."""
        now = int(time.time() * 1000)
        if spec["what"] == "expire":
            self.tokens.clear()
            self.links.clear()
            return {"ok": True}
        if spec["what"] == "subscribe":
            self.store.put("_setting", "events", spec)
            return {"ok": True}
        if spec["what"] == "mark_exam":
            return exams.mark(self.store, spec["exam"])
        ids = self.store.get("key", spec["candidate"])
        if ids is None:
            raise KeyError(spec["candidate"])
        if spec["what"] == "order_assessment":
            made, told = exams.order(self.store, ids, spec["package"])
            self._send(exams.EVENT, told)
            return made
        with self.store.together():
            self._change(spec, ids, now)
        if spec["what"] == "delete":
            self._send("hire.talent.deleted_v1", {"talent_id": ids["talent"]})
        else:
            self._send("hire.application.stage_changed_v1", {"application_id": ids["application"]})
        return {"ok": True, **ids}

    def _send(self, kind: str, body: Json) -> None:
        wanted = self.store.get("_setting", "events")
        if wanted is None:
            return
        said = events.event(APP_ID, wanted["verification_token"], kind, body)
        sent = events.encrypted(said, wanted["encrypt_key"])
        hooks.send(wanted["url"], events.headers(sent, wanted["encrypt_key"]), sent)

    def _change(self, spec: Json, ids: Json, now: int) -> None:
        application = self.store.get("application", ids["application"]) or {}
        talent = self.store.get("talent", ids["talent"]) or {}
        what = spec["what"]
        if what == "delete":
            self.store.delete("talent", ids["talent"])
            self.store.delete("application", ids["application"])
            self.store.delete("interview", "6950" + ids["application"][4:])
            return
        if what == "recording":
            old = self.store.get("interview", "6950" + ids["application"][4:]) or {}
            seeding.put_interview(
                self.store, ids["application"], spec["file"], now, old["begin_time"], spec.get("content_hex")
            )
            return
        if what == "judge":
            seeding.judge(self.store, ids["application"], spec, now)
            return
        if what == "stage":
            ended = {"rejected": seeding.REJECTED_BY_US, "withdrawn": seeding.REJECTED_BY_CANDIDATE}
            if spec["stage"] in ended:
                application |= {"active_status": 2, "termination_type": ended[spec["stage"]]}
            else:
                application |= {
                    "active_status": 1,
                    "termination_type": 0,
                    "stage": seeding.stage(spec["stage"]),
                }
        if what == "hire":
            application["stage"] = seeding.stage("hired")
            seeding.put_employee(self.store, ids["application"], spec["employee_number"])
        if what == "consent":
            group = talent["customized_data_list"][0]
            gone = f"consent_{spec.get('withdraw') or spec['grant']}"
            group["children"] = [c for c in group["children"] if c["object_id"] != gone]
            if "grant" in spec:
                group["children"].append(seeding.consent(spec["grant"], now))
        if what == "name":
            talent["basic_info"]["name"] = spec["name"]
        application["modify_time"] = talent["basic_info"]["modify_time"] = str(now)
        self.store.put("application", ids["application"], application, now)
        self.store.put("talent", ids["talent"], talent, now)

    def state(self) -> Json:
        """What hub and recruiters can see; vendor's clocks and counters left out of the notes."""
        seen = super().state()
        notes = [
            {name: value for name, value in note.items() if name not in ("id", "create_time", "modify_time")}
            for note in seen.get("note", {}).values()
        ]
        seen["note"] = sorted(notes, key=lambda n: (n["talent_id"], n["content"]))
        return {
            kind: seen[kind] for kind in ("talent", "application", "note", "paper", "exam") if kind in seen
        }


def success(data: Json) -> Answer:
    """The envelope of a success."""
    return Answer({"code": OK, "msg": "success", "data": data})


def failure(code: int, message: str, status: int = 200) -> Answer:
    """The envelope of a refusal: the code counts, whatever the status line says."""
    return Answer({"code": code, "msg": message}, status)
