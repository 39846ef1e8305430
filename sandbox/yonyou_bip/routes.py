"""Gateway and token server of one tenant."""

import json
from collections.abc import Callable

from ..server import Answer, Request, Vendor
from ..store import Json, Store
from . import auth, seed
from .archives import Archives, listed
from .talent import Talent

GATEWAY, TOKENS = "/iuap-api-gateway", "/iuap-api-auth"
CUSTOM, CORE = f"{GATEWAY}/yonbip/hrcustom", f"{GATEWAY}/yonbip/hrcloud"
NO_TOKEN, TOO_MANY = "310036", "310046"


class YonyouBip(Vendor):
    """The stand-in."""

    name = "yonyou_bip"

    def __init__(self, store: Store, size: int | None = None) -> None:
        super().__init__(store)
        self.size = size
        self.tokens, archives, talent = auth.Tokens(), Archives(store), Talent(store)
        self.route("GET", f"{TOKENS}/open-auth/selfAppAuth/base/v1/getAccessToken", self.tokens.give)
        self.let_in(f"{CORE}/staff/listmdd", self.staff)
        self.let_in(f"{CORE}/yonbip-hr-cpt/cptArchive/jobMatchSync", talent.job_match)
        self.let_in(f"{CORE}/pmcore/saveIndiScore", talent.save_score)
        self.let_in(f"{CORE}/pmcore/queryPerformScoreResultInfo", talent.results)
        self.let_in(f"{CUSTOM}/{{archive}}/batchSave", archives.save)
        self.let_in(f"{CUSTOM}/{{archive}}/batchDelete", archives.delete)
        self.let_in(f"{CUSTOM}/{{archive}}/list", archives.list)

    def let_in(self, path: str, handler: Callable[[Request], Answer]) -> None:
        """Serves calls with a token."""

        def guarded(request: Request) -> Answer:
            if not self.tokens.known(request):
                return Answer({"code": NO_TOKEN, "message": "非法token"})
            return handler(request)

        self.route("POST", path, guarded)

    def seed(self) -> None:
        """See `Vendor`."""
        with self.store.together():
            seed.fill(self.store, self.size)

    def announce(self) -> Json:
        """See `Vendor`."""
        return {
            "base_url": f"{self.base_url}{GATEWAY}", "token_url": f"{self.base_url}{TOKENS}", "app_key": auth.APP_KEY,
            "app_secret": auth.APP_SECRET,
        }  # fmt: skip

    def connection(self) -> Json:
        """See `Vendor`."""
        return {
            "conn_type": "trivet_yonyou_bip", "host": f"{self.base_url}{GATEWAY}", "login": auth.APP_KEY,
            "password": auth.APP_SECRET,
            "extra": {
                "environment": "sandbox", "token_url": f"{self.base_url}{TOKENS}", "periods": [seed.PERIOD],
            },
        }  # fmt: skip

    def business_error(self, request: Request) -> Answer:  # noqa: ARG002
        """See `Vendor`."""
        return Answer({"code": "999", "message": "服务端逻辑异常", "displayCode": "000-545-000514"})

    def staff(self, request: Request) -> Answer:
        """员工信息列表查询MDD."""
        return listed(self.store, "staff", request.json(), "200")

    def change(self, spec: Json) -> Json:
        """Hands of a clerk: sets fields of the objects of a `kind` that match `where`, inserts, deletes; ends all tokens;
        sets a rule that keeps records from being deleted."""
        if spec.get("what") == "expire":
            self.tokens.until.clear()
            return {"ok": True}
        if spec.get("what") == "rule":
            self.store.put("_rule", str(self.store.next_number("rule", 1)), spec)
            return {"ok": True}
        kind, where = spec["kind"], spec.get("where", {})
        rows = [(k, b) for k, b in self.store.all(kind) if all(b.get(n) == v for n, v in where.items())]
        for key, body in rows:
            if spec.get("delete"):
                self.store.delete(kind, key)
            elif "set" in spec:
                self.store.put(kind, key, body | {"pubts": seed.now()} | spec["set"])
        if spec.get("insert"):
            self.store.put(kind, str(spec["insert"]["id"]), spec["insert"])
        return {"rows": len(rows)}

    def state(self) -> Json:
        """Everything without the vendor's own ids and times."""
        rows = {
            kind: sorted(
                ({k: v for k, v in body.items() if k not in ("id", "pubts")} for body in found.values()),
                key=lambda b: json.dumps(b, sort_keys=True),
            )
            for kind, found in super().state().items()
        }
        return {kind: found for kind, found in rows.items() if found}
