"""Beisen's endpoints: a token by form, ids of what changed, contents by id, profiles of names and values.

After a manual compiled from open.italent.cn and probes without credentials. Times are Beijing's clock, or UTC (`times`), for no
page says so; the contents of an application come flat, as the page's example has them, or nested (`shape`), as its table does.
"""

import secrets
import time
from datetime import UTC, datetime, tzinfo
from functools import partial
from urllib.parse import parse_qs

from ..server import Answer, Handler, Request, Vendor
from ..store import Json, Store
from . import seed as seeding

APP_ID, SECRET, TENANT = "sandbox-beisen-app", "sandbox-beisen-secret", "100001"
TOKEN_SECONDS, LINK_SECONDS = 7200, 30 * 86_400
BATCH, MOST_IDS = 1000, 100
FAR = 2**62
PREFIX = "/RecruitV6/api/v1"


class Beisen(Vendor):
    """The stand-in."""

    name = "beisen"

    def __init__(self, store: Store, size: int | None = None) -> None:
        super().__init__(store)
        self.size = size
        self.tokens: dict[str, float] = {}
        self.links: dict[str, tuple[str, float]] = {}
        self.batches: dict[str, tuple[int, list[Json]]] = {}
        self.usual()
        self.route("POST", "/OAuth/Token", self.token)
        changed: list[tuple[str, str, Handler]] = [
            ("POST", "Apply/GetApplyListByModifiedTime", partial(self.changed, kind="apply")),
            ("POST", "Job/GetJobList", partial(self.changed, kind="job")),
            ("POST", "Apply/GetApplyListByApplyId", self.applications),
            ("POST", "Applicant/GetPersonProfileList", self.profiles),
            ("GET", "Interview/GetInterviewsByDate", self.interviews),
        ]
        for method, path, handler in changed:
            self.route(method, f"{PREFIX}/{path}", handler)
        self.route("GET", "/files/{link}", self.file)

    def usual(self) -> None:
        """What a tenant is like unless somebody says otherwise."""
        self.times: tzinfo = seeding.BEIJING
        self.batch, self.nested = BATCH, False
        self.calls, self.daily = 0, 10_000_000

    def seed(self) -> None:
        """See `Vendor`."""
        self.usual()
        seeding.seed(self.store, self.size)

    def announce(self) -> Json:
        """See `Vendor`."""
        return {"base_url": self.base_url, "app_id": APP_ID, "app_secret": SECRET, "tenant_id": TENANT}

    def connection(self) -> Json:
        """See `Vendor`."""
        return {
            "conn_type": "trivet_beisen", "host": self.base_url, "login": APP_ID, "password": SECRET,
            "extra": {
                "environment": "sandbox", "private_networks": ["127.0.0.0/8"], "calls_per_second": 200.0, "tenant_id": TENANT,
                "apply_fields": ["extEmployeeNumber"], "recording_fields": ["extInterviewRecording"], "begins_on": "2026-01-01",
            },
        }  # fmt: skip

    def business_error(self, request: Request) -> Answer:  # noqa: ARG002
        """See `Vendor`."""
        return refused("开始时间不能大于等于结束时间")

    def token(self, request: Request) -> Answer:
        """By form, and by no other way."""
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if form.get("tenant_id") != TENANT:
            return Answer({"error": "invalid_tenantid"}, 400)
        if (form.get("app_id"), form.get("secret")) != (APP_ID, SECRET):
            return Answer({"error": "invalid_client"}, 400)
        if form.get("grant_type") != "client_credentials":
            return Answer({"error": "unsupported_grant_type"}, 400)
        token = secrets.token_hex(16)
        self.tokens[token] = time.monotonic() + TOKEN_SECONDS
        return Answer({"access_token": token, "token_type": "bearer", "expires_in": TOKEN_SECONDS})

    def handle(self, request: Request) -> Answer:
        """See `Vendor`; the gateway asks for the token before it looks where a call leads."""
        if request.path.startswith(("/OAuth/", "/files/")):
            return super().handle(request)
        said = request.headers.get("Authorization")
        if not said:
            return Answer({"message": "Authorization header is empty"}, 400)
        if self.tokens.get(said.removeprefix("Bearer "), 0) < time.monotonic():
            return Answer({"message": "un-authorized"}, 401)
        self.calls += 1
        if self.calls > self.daily:
            # of every interface at once, until the day is over; the answer says nothing
            return Answer({"message": "daily limit"}, 429)
        return super().handle(request)

    def changed(self, request: Request, kind: str) -> Answer:
        """What changed between two times: of applications three ids, positions whole, deleted ones too."""
        asked = request.json()
        low, high = self._millis(asked["startTime"]), self._millis(asked["endTime"])
        if low >= high:
            return refused("开始时间不能大于等于结束时间")
        word = asked.get("batchId") or secrets.token_hex(8)
        if not asked.get("batchId"):
            rows = [row for _, _, row in self.store.since(kind, low, high, (-1, ""), FAR)]
            self.batches[word] = (len(rows), rows)
        elif word not in self.batches:
            return refused("batchId已过期")
        total, rows = self.batches[word]
        part, rest = rows[: self.batch], rows[self.batch :]
        # one word for all batches, that leads on with every call: a second one for a lost answer gives the next batch
        self.batches[word] = (total, rest)
        if kind == "apply":
            part = [{name: row[name] for name in ("applyId", "applicantId", "jobId")} for row in part]
        return told({"total": total, "nextBatchId": word, "isLastBatch": not rest, "items": part})

    def _millis(self, text: str) -> int:
        return int(datetime.fromisoformat(text).replace(tzinfo=self.times).timestamp() * 1000)

    def applications(self, request: Request) -> Answer:
        """Contents by id, with the custom fields that are named."""
        asked = request.json()
        if len(asked["applyIds"]) > MOST_IDS:
            return refused("一次最多允许查100个")
        rows = [row for name in asked["applyIds"] if (row := self.store.get("apply", name))]
        return told([self._shown(row, asked.get("fieldNames") or []) for row in rows])

    def _shown(self, row: Json, wanted: list[str]) -> Json:
        values = {name: value for name, value in row["fieldValues"].items() if name in wanted}
        if not self.nested:
            return {**row, "fieldValues": values}
        return {
            "applyId": row["applyId"], "applicantLite": {"applicantId": row["applicantId"]}, "fieldValues": values,
            "jobLite": {"jobGuid": row["jobId"]}, "processLite": {"id": row["processId"], "code": "F001"},
            "processPhaseId": row["processPhaseId"], "processStatusId": row["processStatusId"],
        }  # fmt: skip

    def profiles(self, request: Request) -> Answer:
        """Names and values of applicants, a file's with a link."""
        asked = request.json()
        if len(asked["applicantIds"]) > MOST_IDS:
            return refused("一次最多允许查100个")
        wanted = asked.get("fieldNames")
        rows = [row for name in asked["applicantIds"] if (row := self.store.get("applicant", name))]
        return told([
            {
                "applicantId": row["applicantId"],
                "fieldValues": [
                    {**one, "downloadUrl": self._links(row["applicantId"], one)}
                    for one in row["fieldValues"] if not wanted or one["name"] in wanted
                ],
            }
            for row in rows
        ])  # fmt: skip

    def _links(self, applicant: str, field: Json) -> str:
        if not field["value"].startswith("dfs://"):
            return ""
        return ",".join(self._link(f"{applicant} {name}") for name in field["text"].split(","))

    def _link(self, file: str) -> str:
        link = secrets.token_urlsafe(16)
        self.links[link] = (file, time.monotonic() + LINK_SECONDS)
        return f"{self.base_url}/files/{link}"

    def file(self, request: Request) -> Answer:
        """The bytes behind a living link; no token is asked for."""
        name, until = self.links.get(request.params["link"], ("", 0.0))
        body = self.store.get("_file", name)
        if body is None or until < time.monotonic():
            return Answer(b"<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
        kind = seeding.MEDIA_TYPES.get(seeding.suffix(name), "application/octet-stream")
        return Answer(seeding.content_of(body), media_type=kind)

    def interviews(self, request: Request) -> Answer:
        """By their date."""
        low, high = seeding.day_of(request.query["startDate"]), seeding.after(request.query["endDate"])
        return told([row for _, _, row in self.store.since("interview", low, high, (-1, ""), FAR)])

    def change(self, spec: Json) -> Json:
        """Hands of a recruiter: `what` is stage, hire, recording, consent, name or delete; expire ends tokens and links; tenant
        says what the tenant is like (`zone` of its times, `batch`, `nested`, `daily`)."""
        if spec["what"] == "expire":
            self.tokens.clear()
            self.links.clear()
            return {"ok": True}
        if spec["what"] == "tenant":
            self.times = UTC if spec.get("zone") == "utc" else self.times
            self.batch, self.nested = spec.get("batch", self.batch), spec.get("nested", self.nested)
            self.calls, self.daily = 0, spec.get("daily", self.daily)
            return {"ok": True}
        ids = self.store.get("_key", spec["candidate"])
        if ids is None:
            raise KeyError(spec["candidate"])
        if spec["what"] == "delete":
            for kind in ("applicant", "apply", "interview"):
                self.store.delete(kind, ids[kind])
        else:
            self._change(spec, ids)
        return {"ok": True, **ids}

    def _change(self, spec: Json, ids: Json) -> None:
        apply, applicant = (self.store.get(kind, ids[kind]) or {} for kind in ("apply", "applicant"))
        values = {one["name"]: one for one in applicant["fieldValues"]}
        match spec["what"]:
            case "stage":
                apply["processStatusId"] = seeding.STATUSES[spec["stage"]]
            case "hire":
                apply["fieldValues"]["extEmployeeNumber"] = spec["employee_number"]
            case "recording":
                name = seeding.file_name(ids["apply"], ids["interview"], spec["file"])
                values["extInterviewRecording"] = seeding.recording(name)
                file = {"file": spec["file"], "content": spec.get("content_hex")}
                self.store.put("_file", f"{ids['applicant']} {name}", file)
            case "consent":
                values.pop(f"extConsent_{spec['withdraw']}", None)
            case "name":
                values["Name"] = seeding.field("Name", spec["name"])
            case _:
                raise KeyError(spec["what"])
        self.put("applicant", ids["applicant"], applicant | {"fieldValues": list(values.values())})
        self.put("apply", ids["apply"], apply)

    def put(self, kind: str, key: str, body: Json) -> None:
        """Stores it as changed now."""
        seeding.put(self.store, kind, key, body, int(time.time() * 1000))


def told(data: object) -> Answer:
    """The envelope."""
    return Answer({"data": data, "code": 200, "message": "成功"})


def refused(text: str) -> Answer:
    """The envelope of a refusal, with HTTP status 200."""
    return Answer({"data": None, "code": 400, "message": text})
