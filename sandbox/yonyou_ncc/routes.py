"""One server of the customer."""

import json
from collections.abc import Callable

from ..server import Answer, Request, Vendor
from ..store import Json, Store
from . import auth, seed
from .documents import DOCUMENTS, QUERIED, Documents

API = "/nccloud/api"
STAFF = f"{API}/uapbd/psndocmanage/querypsndoc/condition"
Handler = Callable[[Json, Request], Answer]


class YonyouNcc(Vendor):
    """The stand-in."""

    name = "yonyou_ncc"

    def __init__(self, store: Store, size: int | None = None) -> None:
        super().__init__(store)
        self.size = size
        self.application, self.documents = auth.Application(store), Documents(store)
        self.route("POST", "/nccloud/opm/accesstoken", self.application.give)
        self.let_in(STAFF, lambda body, _: self.documents.query("psndoc", body))
        for name in sorted(DOCUMENTS):
            self.let_in(f"{API}/hrtrn/{name}/save", self._saves(name))
            self.let_in(f"{API}/hrtrn/{name}/delete", self._deletes(name))
        for name in sorted(QUERIED):
            self.let_in(f"{API}/hrtrn/{name}/query", self._queries(name))

    def _saves(self, name: str) -> Handler:
        return lambda body, request: self.documents.save(name, body, request)

    def _deletes(self, name: str) -> Handler:
        return lambda body, _: self.documents.delete(name, body)

    def _queries(self, name: str) -> Handler:
        return lambda body, _: self.documents.query(name, body)

    def let_in(self, path: str, handler: Handler) -> None:
        """Serves signed calls with a token; refusals before the application come in plain text."""

        def guarded(request: Request) -> Answer:
            application = self.application
            if request.headers.get("ucg_flag") != "y":
                return Answer({"error": "bad request"}, 400)
            if not request.headers.get("client_id"):
                return auth.refused("1000000010", "appid参数缺失")
            key = application.key(request)
            if key is None:
                return auth.refused("1000000010", "token失效,请重新获取token")
            try:
                text = application.opened(request.body, key)
                body = json.loads(text)
            except ValueError:
                return auth.refused("1000000010", "解密失败")
            if request.headers.get("signature") != application.signed(
                auth.CLIENT_ID + text + auth.public_key()
            ):
                return auth.refused("1000000010", "Failed to verify signature for call api")
            if self.store.get("_unlinked", path) is not None:
                return auth.refused("1000000010", f"第三方应用【{auth.CLIENT_ID}】没有【{path}】的权限")
            try:
                json.dumps(body, ensure_ascii=False).encode()
                answer = handler(body, request)
            except UnicodeEncodeError:
                # half a character, which no database takes
                answer = auth.refused("1000000002", "非法字符")
            return Answer(application.closed(answer.payload().decode(), key))

        self.route("POST", path, guarded)

    def seed(self) -> None:
        """See `Vendor`."""
        with self.store.together():
            seed.fill(self.store, self.size)

    def announce(self) -> Json:
        """See `Vendor`."""
        return {
            "base_url": self.base_url, "client_id": auth.CLIENT_ID, "client_secret": auth.CLIENT_SECRET,
            "public_key": auth.public_key(), "biz_center": auth.BIZ_CENTER,
        }  # fmt: skip

    def connection(self) -> Json:
        """See `Vendor`."""
        return {
            "conn_type": "trivet_yonyou_ncc", "host": self.base_url, "login": auth.CLIENT_ID,
            "password": auth.CLIENT_SECRET,
            "extra": {
                "environment": "sandbox", "public_key": auth.public_key(), "biz_center": auth.BIZ_CENTER,
            },
        }  # fmt: skip

    def business_error(self, request: Request) -> Answer:  # noqa: ARG002
        """See `Vendor`."""
        return auth.refused("1000000001", "单据不允许保存")

    def change(self, spec: Json) -> Json:
        """Hands of a clerk: sets fields of the objects of a `kind` that match `where`, deletes; ends all tokens; sets the
        application's `level`, an `older` release, an `unlinked` path, a rule that keeps documents from being deleted."""
        match spec.get("what"):
            case "expire":
                self.application.keys.clear()
            case "level" | "release" as what:
                self.store.put("_application", what, spec)
            case "unlink":
                self.store.put("_unlinked", spec["path"], spec)
            case "rule":
                self.store.put("_rule", str(self.store.next_number("rule", 1)), spec)
            case _:
                return {"rows": self._by_hand(spec)}
        return {"ok": True}

    def _by_hand(self, spec: Json) -> int:
        kind, where = spec["kind"], spec.get("where", {})
        rows = [(k, b) for k, b in self.store.all(kind) if all(b.get(n) == v for n, v in where.items())]
        for key, body in rows:
            if spec.get("delete"):
                self.store.delete(kind, key)
            elif "set" in spec:
                self.store.put(kind, key, body | {"ts": seed.now()} | spec["set"])
        return len(rows)

    def state(self) -> Json:
        """Everything without the vendor's own keys and times."""
        rows = {
            kind: sorted(
                ({k: v for k, v in body.items() if k != "ts" and not k.startswith("pk_")} for body in found.values()),
                key=lambda b: json.dumps(b, sort_keys=True),
            )
            for kind, found in super().state().items()
            if not kind.endswith("_bill")
        }  # fmt: skip
        return {kind: found for kind, found in rows.items() if found}
