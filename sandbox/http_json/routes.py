"""The in-house ERP's server: both flavours behind one door."""

import time
from collections.abc import Callable
from functools import partial

from ..server import Answer, Request, Vendor
from ..store import Json, Store
from . import auth, rpc
from .lists import Lists
from .resources import Resources, problem
from .said import settings
from .seed import fill, stamp


class InHouseErp(Vendor):
    """The stand-in."""

    name = "http_json"

    def __init__(self, store: Store, size: int | None = None) -> None:
        super().__init__(store)
        self.size = size
        self.logins = auth.Logins()
        resources, commands, lists = Resources(store), rpc.Commands(store), Lists(store)
        self.route("POST", "/oauth/token", self.logins.token)
        self._behind("POST", "/rpc/kpi/batch", commands.batch)
        self._behind("POST", "/rpc/kpi/query", commands.query)
        self._behind("POST", "/rpc/reviews/list", partial(lists.command, "review"))
        self._behind("GET", "/api/employees", partial(lists.numbered, "employee"))
        self._behind("GET", "/api/courses", lambda request: lists.linked("course", request, ""))
        self._behind(
            "GET", "/api/organisations", lambda request: lists.linked("organisation", request, self.base_url)
        )
        self._behind("GET", "/api/competencies", partial(lists.numbered, "competency"))
        self._behind("GET", "/api/goal-plans", partial(lists.after, "goal_plan"))
        self._behind("GET", "/api/completions", partial(lists.after, "completion"))
        self._behind("GET", "/api/goals", partial(lists.offset, "goal"))
        for method in ("GET", "POST"):
            self._behind(method, "/api/{name}", resources.collection)
        for method in ("GET", "PUT", "DELETE"):
            self._behind(method, "/api/{name}/{id}", resources.one)

    def _behind(self, method: str, template: str, handler: Callable[[Request], Answer]) -> None:
        """The route, for those who are let in."""

        def guarded(request: Request) -> Answer:
            if self.logins.known(request):
                return handler(request)
            if request.path.startswith("/rpc/"):
                return rpc.told(rpc.NO_LOGIN, "登录已失效")
            return problem(401, "NO_LOGIN", "who are you?")

        self.route(method, template, guarded)

    def seed(self) -> None:
        """See `Vendor`."""
        fill(self.store, self.size)

    def announce(self) -> Json:
        """See `Vendor`."""
        return {"base_url": self.base_url, "user": auth.USER, "password": auth.PASSWORD}

    def connection(self) -> Json:
        """See `Vendor`."""
        return {
            "conn_type": "trivet_http_json", "host": self.base_url, "login": auth.USER, "password": auth.PASSWORD,
            "extra": {"environment": "sandbox", **settings()},
        }  # fmt: skip

    def business_error(self, request: Request) -> Answer:
        """See `Vendor`."""
        if request.path.startswith("/rpc/"):
            return rpc.told(rpc.WORKFLOW, "审批流不允许")
        return Answer({"code": "MAINTENANCE", "detail": "month-end closing"})

    def change(self, spec: Json) -> Json:
        """Hands of a clerk: sets fields of the rows of a `kind` that match `where`, deletes, inserts, or ends all tokens."""
        if spec.get("what") == "expire":
            self.logins.tokens.clear()
            return {"ok": True}
        kind, wanted = spec["kind"], spec.get("where", {})
        rows = [
            (key, row) for key, row in self.store.all(kind) if all(row.get(n) == v for n, v in wanted.items())
        ]
        if "insert" in spec:
            self.store.put(
                kind, str(spec["insert"]["id"]), {**spec["insert"], "updated_at": stamp(time.time())}
            )
        for key, row in rows:
            if spec.get("delete"):
                self.store.delete(kind, key)
            elif "set" in spec:
                self.store.put(kind, key, {**row, **spec["set"], "updated_at": stamp(time.time())})
        return {"rows": len(rows)}

    def state(self) -> Json:
        """Every record that lives, without the ERP's own ids and times."""
        own = {"id", "updated_at", "revision", "ver"}
        rows = {
            kind: [
                {name: value for name, value in row.items() if name not in own}
                for row in found.values()
                if not row.get("del")
            ]
            for kind, found in super().state().items()
        }
        return {kind: found for kind, found in rows.items() if found}
