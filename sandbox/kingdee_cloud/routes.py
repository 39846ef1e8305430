"""Kingdee Cloud's services: login, save, submit, audit and back, delete, query. The status line is always 200."""

import hashlib
import json
import secrets
import time
from typing import Any

from ..server import Answer, Request, Vendor
from ..store import Json, Store
from . import auth, seed
from .answers import error, result
from .forms import FORMS, Refused, checked
from .reading import Reading

ROOT = "/k3cloud/"
FORM_SERVICE = "Kingdee.BOS.WebApi.ServicesStub.DynamicFormService."
AUTH_SERVICE = "Kingdee.BOS.WebApi.ServicesStub.AuthService."
SESSION_LOST, NO_DATA, VALIDATION, NOT_OPERABLE, WRONG_PARAMETER, CALL_LIMIT = 1, 10, 11, 12, 8, 14
REPEATED = "重复的Json数据包"
CREATED, IN_AUDIT, AUDITED, AGAIN = "A", "B", "C", "D"
MOVES = {  # operation: (from states, to state)
    "Submit": ((CREATED, AGAIN), IN_AUDIT),
    "Audit": ((IN_AUDIT,), AUDITED),
    "UnAudit": ((AUDITED,), AGAIN),
    "CancelAssign": ((IN_AUDIT,), AGAIN),
}


class KingdeeCloud(Vendor):
    """The stand-in."""

    name = "kingdee_cloud"

    def __init__(self, store: Store, size: int | None = None) -> None:
        super().__init__(store)
        self.size = size
        self.sessions: dict[str, float] = {}
        self.reading = Reading(store)
        self.route("POST", f"{ROOT}{{service}}", self.serve)

    def seed(self) -> None:
        """See `Vendor`."""
        with self.store.together():
            seed.fill(self.store, self.size)

    def announce(self) -> Json:
        """See `Vendor`."""
        return {
            "base_url": self.base_url, "account": auth.ACCOUNT, "user": auth.USER, "app_id": auth.APP_ID,
            "app_secret": auth.APP_SECRET, "org": auth.ORG,
        }  # fmt: skip

    def connection(self) -> Json:
        """See `Vendor`."""
        return {
            "conn_type": "trivet_kingdee_cloud", "host": self.base_url, "login": auth.APP_ID, "password": auth.APP_SECRET,
            "extra": {"environment": "sandbox", "account": auth.ACCOUNT, "user": auth.USER},
        }  # fmt: skip

    def business_error(self, request: Request) -> Answer:
        """See `Vendor`."""
        refused = result(errors=[error("", "插件取消了保存操作", 0)], code=VALIDATION)
        return Answer([[refused.body]]) if "BillQuery" in request.path else refused

    def too_many(self, retry_after: str) -> Answer:  # noqa: ARG002
        """The vendor has no 429: it says so in the body."""
        return result(errors=[error("", "调用次数超限", 0)], code=CALL_LIMIT)

    def serve(self, request: Request) -> Answer:
        """One service call."""
        service = request.params["service"].removesuffix(".common.kdsvc")
        parameters = _parameters(request.json())
        if service.startswith(AUTH_SERVICE):
            return self.login(service.removeprefix(AUTH_SERVICE), parameters)
        if not self.known(request):
            return result(errors=[error("", "会话信息已丢失，请重新登录", 0)], code=SESSION_LOST)
        name = service.removeprefix(FORM_SERVICE)
        form, data = _form_and_data(request.json(), parameters)
        handler = {
            "Save": self.save, "BatchSave": self.batch_save, "Submit": self.move, "Audit": self.move, "UnAudit": self.move,
            "CancelAssign": self.move, "Delete": self.delete, "View": self.view, "ExecuteBillQuery": self.reading.query,
            "BillQuery": self.reading.query, "QueryBusinessInfo": self.reading.describe,
        }.get(name)  # fmt: skip
        if handler is None:
            return Answer(b"response_error:service not found", 200, media_type="text/plain")
        try:
            return handler(name, form or data.get("FormId", ""), data)
        except ValueError as problem:
            wrong = result(errors=[error("", str(problem), 0)], code=WRONG_PARAMETER)
            return Answer([[wrong.body]]) if "Query" in name else wrong

    def known(self, request: Request) -> bool:
        """A living session, or a right signature."""
        session = request.headers.get("kdservice-sessionid") or ""
        cookie = request.headers.get("Cookie") or ""
        if "kdservice-sessionid=" in cookie:
            session = cookie.split("kdservice-sessionid=")[1].split(";")[0]
        return self.sessions.get(session, 0) > time.monotonic() or auth.signed(request.headers, request.path)

    def login(self, how: str, parameters: list[Any]) -> Answer:
        """A session; LoginResultType 1 is success."""
        fine = False
        if how == "LoginBySign" and len(parameters) >= 5:
            account, user, app_id, timestamp, sign = (str(p) for p in parameters[:5])
            right = auth.login_sign(app_id, account, user, timestamp)
            fine = (account, user, app_id) == (auth.ACCOUNT, auth.USER, auth.APP_ID) and sign == right
        elif how == "LoginByAppSecret" and len(parameters) >= 4:
            fine = [str(p) for p in parameters[:4]] == [auth.ACCOUNT, auth.USER, auth.APP_ID, auth.APP_SECRET]
        if not fine:
            return Answer(
                {
                    "LoginResultType": 0,
                    "Message": "用户名或密码错误",
                    "KDSVCSessionId": None,
                    "IsSuccessByAPI": False,
                }
            )
        session = secrets.token_hex(16)
        self.sessions[session] = time.monotonic() + 1200
        return Answer(
            {"LoginResultType": 1, "Message": None, "KDSVCSessionId": session, "IsSuccessByAPI": True}
        )

    def save(self, _: str, form: str, data: Json) -> Answer:
        """One bill."""
        if self._repeated(form, data):
            return result(errors=[error("", REPEATED, 0)], code=VALIDATION)
        done, wrong, code = self._save_all(form, [data.get("Model") or {}])
        answer = result(done, wrong, code)
        if done:
            answer.body["Result"] |= {"Id": done[0]["Id"], "Number": done[0]["Number"]}
        return answer

    def batch_save(self, _: str, form: str, data: Json) -> Answer:
        """Many bills; the good ones stay, whatever the others came to."""
        if self._repeated(form, data):
            return result(errors=[error("", REPEATED, 0)], code=VALIDATION)
        return result(*self._save_all(form, data.get("Model") or []))

    def _repeated(self, form: str, data: Json) -> bool:
        """Whether ValidateRepeatJson is asked for and the packet was seen before."""
        if str(data.get("ValidateRepeatJson", "")).lower() != "true":
            return False
        packet = json.dumps([form, data], sort_keys=True, ensure_ascii=False)
        name = hashlib.sha256(packet.encode()).hexdigest()
        seen = self.store.get("_packet", name) is not None
        self.store.put("_packet", name, {})
        return seen

    def _save_all(self, form: str, models: list[Json]) -> tuple[list[Json], list[Json], int]:
        if form not in FORMS:
            return [], [error("", f"业务对象 {form} 不存在", 0)], 5
        done, wrong, code = [], [], 0
        for index, model in enumerate(models):
            try:
                with self.store.together():
                    key, number = self._save(form, model)
                done.append({"Id": key, "Number": number, "DIndex": index})
            except Refused as refused:
                wrong.append(error(refused.field, str(refused), index))
                code = refused.code
        return done, wrong, code

    def _save(self, form: str, model: Json) -> tuple[int, str]:
        given = int(model.get("FID") or 0)
        before = self.store.get(form, str(given)) if given else None
        if given and before is None:
            raise Refused("FID", "单据不存在", NO_DATA)
        if before and before["FDocumentStatus"] not in ("Z", CREATED, AGAIN):
            raise Refused("FDocumentStatus", "单据已提交或已审核，不允许修改", NOT_OPERABLE)
        # fields that the caller leaves out keep their value when an existing bill is saved
        old = {name: value for name, value in (before or {}).items() if name in {f.name for f in FORMS[form]}}
        body = checked(self.store, form, {**old, **model})
        key = given or self.store.next_number(form, 100001)
        number = str(model.get("FBillNo") or (before or {}).get("FBillNo") or f"AUTO{key}")
        if any(row["FID"] != key for row in self.store.owned(form, "FBillNo", number)):
            raise Refused("FBillNo", f"单据编号“{number}”已存在")
        status = before["FDocumentStatus"] if before else CREATED
        bill = {"FID": key, "FBillNo": number, "FDocumentStatus": status, **body}
        self.store.put(form, str(key), {**bill, "FModifyDate": seed.now()})
        return key, number

    def _named(self, form: str, data: Json) -> tuple[list[Json], list[Json]]:
        """The bills that Ids (a comma list) or Numbers name, in that order, and errors for those that are not there."""
        names = [i for i in str(data.get("Ids") or "").split(",") if i] + [
            str(n) for n in data.get("Numbers") or []
        ]
        by_name = {name: row for name in names if (row := self._called(form, name)) is not None}
        rows = [by_name[name] | {"_at": i} for i, name in enumerate(names) if name in by_name]
        missing = [(i, name) for i, name in enumerate(names) if name not in by_name]
        return rows, [error("", f"单据 {name} 不存在", i) for i, name in missing]

    def _called(self, form: str, name: str) -> Json | None:
        """The bill of that number, or else of that id."""
        numbered = self.store.owned(form, "FBillNo", name)
        return numbered[0] if numbered else self.store.get(form, name)

    def move(self, name: str, form: str, data: Json) -> Answer:
        """Submit, audit or take them back."""
        sources, to = MOVES[name]
        rows, wrong = self._named(form, data)
        done = []
        for row in rows:
            index = row.pop("_at")
            said = self._hindered(name, form, row)
            if row["FDocumentStatus"] not in sources:
                said = f"单据状态 {row['FDocumentStatus']} 不允许 {name}"
            if said:
                wrong.append(error("FDocumentStatus", said, index))
                continue
            self.store.put(form, str(row["FID"]), {**row, "FDocumentStatus": to, "FModifyDate": seed.now()})
            done.append({"Id": row["FID"], "Number": row["FBillNo"], "DIndex": index})
        return result(done, wrong, NO_DATA if wrong and not rows else NOT_OPERABLE)

    def _hindered(self, name: str, form: str, row: Json) -> str:
        """What a rule of the tenant says against it."""
        for _, rule in self.store.all("_rule"):
            if (rule["service"], rule["form"]) == (name, form) and row["FBillNo"] in rule["numbers"]:
                return str(rule["says"])
        return ""

    def delete(self, name: str, form: str, data: Json) -> Answer:
        """Bills that are not in audit and not audited go."""
        rows, wrong = self._named(form, data)
        done = []
        for row in rows:
            index = row.pop("_at")
            said = self._hindered(name, form, row)
            if row["FDocumentStatus"] in (IN_AUDIT, AUDITED):
                said = "已审核的单据不允许删除"
            if said:
                wrong.append(error("FDocumentStatus", said, index))
                continue
            self.store.delete(form, str(row["FID"]))
            done.append({"Id": row["FID"], "Number": row["FBillNo"], "DIndex": index})
        return result(done, wrong, NO_DATA if wrong and not rows else NOT_OPERABLE)

    def view(self, _: str, form: str, data: Json) -> Answer:
        """One bill by number or id."""
        rows, wrong = self._named(
            form, {"Numbers": [data.get("Number")] if data.get("Number") else [], "Ids": data.get("Id")}
        )
        answer = result([], wrong, NO_DATA)
        answer.body["Result"]["Result"] = rows[0] if rows else None
        return answer

    def change(self, spec: Json) -> Json:
        """Hands of a clerk: sets fields of the bills that match (`form`, `where`, `set`), deletes, or ends all sessions."""
        if spec.get("what") == "expire":
            self.sessions.clear()
            return {"ok": True}
        if spec.get("what") == "rule":
            # a check or a downstream bill of the tenant: `service` refuses these bills of the form with these words
            self.store.put("_rule", str(self.store.next_number("rule", 1)), spec)
            return {"ok": True}
        form = spec["form"]
        rows = [
            (k, b)
            for k, b in self.store.all(form)
            if all(b.get(n) == v for n, v in spec.get("where", {}).items())
        ]
        for key, body in rows:
            if not ("set" in spec or spec.get("delete")):
                break
            if spec.get("delete"):
                self.store.delete(form, key)
            else:
                self.store.put(form, key, body | {"FModifyDate": seed.now()} | spec["set"])
        if spec.get("insert"):
            self.store.put(form, str(spec["insert"].get("FID") or spec["insert"]["FNumber"]), spec["insert"])
        return {"rows": len(rows)}

    def state(self) -> Json:
        """Every bill without the vendor's own ids."""
        rows = {
            kind: sorted(
                (
                    {k: v for k, v in body.items() if k not in ("FID", "FModifyDate")}
                    for body in found.values()
                ),
                key=lambda b: json.dumps(b, sort_keys=True),
            )
            for kind, found in super().state().items()
        }
        return {kind: found for kind, found in rows.items() if found}


def _parameters(body: Any) -> list[Any]:
    given = body.get("parameters") if isinstance(body, dict) else None
    if isinstance(given, str):
        given = json.loads(given)
    return list(given or [])


def _form_and_data(body: Json, parameters: list[Any]) -> tuple[str, Json]:
    """The three ways in which callers pass form and data."""
    form, data = (
        (parameters[0], parameters[1])
        if len(parameters) > 1
        else (body.get("formid") or body.get("FormId"), body.get("data"))
    )
    if len(parameters) == 1:
        form, data = "", parameters[0]
    if isinstance(data, str):
        data = json.loads(data)
    return str(form or ""), data or {}
