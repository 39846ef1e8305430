"""Moka's endpoints: the list of applications by update time, the positions of the careers page, stages, files.

After mokahr.com/docs/api (v1, v2) as read by public clients. Oddities that are the vendor's: an unknown key is HTTP 500, so is
a list that is empty; success is code 200 in v2 and 0 in v1, positions come without any; a cursor travels alone; times are
Beijing's clock with a Z behind it, as the page says, or UTC (`times`), as a public client writes it.
"""

import base64
import copy
import secrets
import time
from datetime import UTC, datetime, tzinfo

from ..server import Answer, Handler, Request, Vendor
from ..store import Json, Store
from . import seed as seeding

KEY, ORG = "sandbox-moka-key", "yunxiu"
LINK_SECONDS = 3600
MOST = 20
FAR = 2**62
PREFIX = "/api-platform"


class Moka(Vendor):
    """The stand-in."""

    name = "moka"

    def __init__(self, store: Store, size: int | None = None) -> None:
        super().__init__(store)
        self.size = size
        self.times: tzinfo = seeding.BEIJING
        self.links: dict[str, tuple[Json, float]] = {}
        self.cursors: dict[str, Json] = {}
        self._behind("POST", f"{PREFIX}/v2/data/ehrApplications", self.applications)
        self._behind("GET", f"{PREFIX}/v2/stage/getStagesList", self.stages)
        self._behind("GET", f"{PREFIX}/v1/jobs/{{org}}", self.jobs)
        self._behind("GET", f"{PREFIX}/v1/jobs/{{org}}/{{id}}", self.job)
        self.route("GET", "/files/{link}", self.file)

    def seed(self) -> None:
        """See `Vendor`."""
        seeding.seed(self.store, self.size)

    def announce(self) -> Json:
        """See `Vendor`."""
        return {"base_url": self.base_url, "org_id": ORG, "api_key": KEY}

    def connection(self) -> Json:
        """See `Vendor`."""
        return {
            "conn_type": "trivet_moka", "host": self.base_url, "login": ORG, "password": KEY,
            "extra": {"environment": "sandbox", "private_networks": ["127.0.0.0/8"], "calls_per_second": 200.0},
        }  # fmt: skip

    def business_error(self, request: Request) -> Answer:  # noqa: ARG002
        """See `Vendor`."""
        return refused("参数错误", status=200)

    def _behind(self, method: str, template: str, inner: Handler) -> None:
        def guarded(request: Request) -> Answer:
            said = "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()
            if request.headers.get("Authorization") != said:
                return refused("无法识别的认证信息")
            return inner(request)

        self.route(method, template, guarded)

    def applications(self, request: Request) -> Answer:
        """By `next` alone, or by ids, stages, archive flag and update time; the highest id first."""
        asked = request.json()
        if asked.get("next"):
            asked = self.cursors.get(str(asked["next"]), {})
            if not asked:
                return refused("next 无效", status=200)
        size = min(int(asked.get("limit") or MOST), MOST)
        rows = self._rows(asked)
        if not rows:
            return refused("服务器异常")
        left = [row for row in rows if row["basicInfo"]["applicationId"] < asked.get("_before", FAR)]
        shown = [self._shown(row, with_files=bool(asked.get("needAttachment"))) for row in left[:size]]
        following = None
        if len(left) > size:
            following = secrets.token_hex(8)
            self.cursors[following] = {**asked, "_before": shown[-1]["basicInfo"]["applicationId"]}
        return Answer({"code": 200, "msg": "成功", "data": shown, "next": following})

    def _rows(self, asked: Json) -> list[Json]:
        low, high = (self._millis(asked.get(f"updateAt{side}Time")) for side in ("Start", "End"))
        found = self.store.latest("application", low or 0, high or FAR, "9" * 20, 1_000_000)
        return [
            row
            for _, row in found
            if _among(row["basicInfo"]["applicationId"], asked.get("applicationIds"))
            and _among(row["basicInfo"]["stage"]["id"], asked.get("stageIds"))
            and ("archived" not in asked or row["basicInfo"]["archived"] is asked["archived"])
        ]

    def _millis(self, text: str | None) -> int | None:
        if not text:
            return None
        return int(
            datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=self.times).timestamp() * 1000
        )

    def _shown(self, row: Json, *, with_files: bool) -> Json:
        shown = copy.deepcopy(row)
        files = shown.pop("attachments")
        if with_files:
            shown["attachments"] = [{"fileName": one["fileName"], "url": self._link(one)} for one in files]
        shown["basicInfo"]["headUrl"] = self._link({"fileName": "face.png", "_file": None, "_content": "89"})
        return shown

    def _link(self, file: Json) -> str:
        link = secrets.token_urlsafe(16)
        self.links[link] = (file, time.monotonic() + LINK_SECONDS)
        return f"{self.base_url}/files/{link}"

    def file(self, request: Request) -> Answer:
        """The bytes behind a living link; no key is asked for."""
        file, until = self.links.get(request.params["link"], ({}, 0.0))
        if until < time.monotonic():
            return Answer(b"<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
        kind = seeding.MEDIA_TYPES.get(seeding.suffix(file["fileName"]), "application/octet-stream")
        return Answer(seeding.content_of(file), media_type=kind)

    def stages(self, request: Request) -> Answer:  # noqa: ARG002
        """Every stage."""
        found = [{"id": number, "name": name, "type": kind} for number, name, kind in seeding.STAGES.values()]
        return Answer({"code": 200, "msg": "成功", "data": found})

    def jobs(self, request: Request) -> Answer:
        """Open positions of one kind of recruiting, without their custom fields."""
        if request.params["org"] != ORG or request.query.get("mode") not in ("social", "campus"):
            return refused("组织不存在", status=200)
        rows = [row for _, row in self.store.all("job")] if request.query["mode"] == "social" else []
        start, size = int(request.query.get("offset") or 0), int(request.query.get("limit") or MOST)
        shown = [{name: value for name, value in row.items() if name != "customFields"} for row in rows]
        return Answer({"jobs": shown[start : start + size], "total": len(rows)})

    def job(self, request: Request) -> Answer:
        """One position, flat."""
        body = self.store.get("job", request.params["id"])
        return (
            Answer({"code": 0, "msg": "成功", **body})
            if body
            else Answer({"message": "您访问的页面不存在"}, 404)
        )

    def change(self, spec: Json) -> Json:
        """Hands of a recruiter: `what` is stage, archive, hire, recording, consent, name or delete; expire ends every link, times
        says by its `zone` how times are read."""
        if spec["what"] == "expire":
            self.links.clear()
            return {"ok": True}
        if spec["what"] == "times":
            self.times = seeding.BEIJING if spec["zone"] == "beijing" else UTC
            return {"ok": True}
        ids = self.store.get("_key", spec["candidate"])
        if ids is None:
            raise KeyError(spec["candidate"])
        if spec["what"] == "delete":
            self.store.delete("application", str(ids["application"]))
        else:
            body = self.store.get("application", str(ids["application"])) or {}
            self._change(spec, body)
            self.put(body)
        return {"ok": True, **ids}

    def _change(self, spec: Json, body: Json) -> None:
        basics, fields = body["basicInfo"], {one["name"]: one["value"] for one in body["customFields"]}
        match spec["what"]:
            case "stage":
                number, title, kind = seeding.STAGES[spec["stage"]]
                basics["stage"] = {"id": number, "name": title, "type": kind}
            case "archive":
                basics |= {"archived": True, "archiveReasons": spec.get("reason", "不合适")}
            case "hire":
                fields["employee_number"] = spec["employee_number"]
            case "recording":
                named = f"interview-1{seeding.suffix(spec['file'])}"
                body["attachments"] = [seeding.attachment(named, spec["file"], spec.get("content_hex"))]
            case "consent":
                fields.pop(f"consent_{spec['withdraw']}", None)
            case "name":
                basics["name"] = spec["name"]
            case _:
                raise KeyError(spec["what"])
        body["customFields"] = seeding.custom(fields)

    def put(self, body: Json) -> None:
        """Stores an application as changed now."""
        now = int(time.time() * 1000)
        body["basicInfo"]["updatedAt"] = seeding.stamp(now)
        self.store.put("application", str(body["basicInfo"]["applicationId"]), body, now)


def refused(text: str, status: int = 500) -> Answer:
    """The envelope of a refusal."""
    return Answer({"code": -1, "success": False, "msg": text}, status)


def _among(value: object, wanted: list[object] | None) -> bool:
    return not wanted or value in wanted
