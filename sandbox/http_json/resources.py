"""The flavour of resources: one object a call, HTTP statuses, problem+json, keys that make a POST repeatable."""

import hashlib
import time
from typing import Any

from ..server import Answer, Request
from ..store import Json, Store
from .records import Refused, checked
from .seed import stamp

KINDS = {"training-plans": "training_plan", "development-goals": "development_goal"}
REFERENCE = "external_ref"
LONGEST_REFERENCE = 40


def problem(status: int, code: str, detail: str, field: str | None = None) -> Answer:
    """RFC 9457 with a code of our own."""
    body: Json = {"type": f"https://erp.example/problems/{code.lower()}", "title": code, "status": status, "code": code,
                  "detail": detail}  # fmt: skip
    if field is not None:
        body["errors"] = [{"pointer": f"/{field}", "detail": detail}]
    return Answer(body, status, media_type="application/problem+json")


class Resources:
    """Collections below `/api/`."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def collection(self, request: Request) -> Answer:
        """GET lists, by `external_ref` where it is given (other parameters are overlooked); POST makes one."""
        kind = KINDS.get(request.params["name"])
        if kind is None:
            return problem(404, "NO_SUCH_PATH", "there is no such collection")
        if request.method == "POST":
            return self._once(request, kind)
        wanted = request.query.get(REFERENCE)
        rows = [row for _, row in self.store.all(kind) if wanted is None or row[REFERENCE] == wanted]
        return Answer({"data": rows, "count": len(rows)})

    def one(self, request: Request) -> Answer:
        """GET, PUT (the whole object) and DELETE of one."""
        kind, key = KINDS.get(request.params["name"]), request.params["id"]
        before = self.store.get(kind, key) if kind else None
        if kind is None or before is None:
            if self.store.get("_gone", f"{kind}/{key}"):
                return problem(410, "GONE", "it was deleted")
            return problem(404, "NOT_FOUND", "there is no such record")
        if request.method == "DELETE":
            self.store.delete(kind, key)
            self.store.put("_gone", f"{kind}/{key}", {"id": key})
            return Answer(None, 204)
        if request.method == "PUT":
            try:
                body = self._stored(kind, key, request.json(), before["revision"] + 1)
            except Refused as refused:
                return _unprocessable(refused)
            return Answer(body)
        return Answer(before)

    def _once(self, request: Request, kind: str) -> Answer:
        """A key that was seen gets the answer that it got."""
        key = request.headers.get("Idempotency-Key")
        print_ = hashlib.sha256(request.body).hexdigest()
        with self.store.together():
            known = self.store.get("_keys", key) if key else None
            if known and known["print"] != print_:
                return problem(422, "KEY_REUSED", "the key was used for another body")
            if known:
                return Answer(known["body"], 201)
            answer = self._create(kind, request.json())
            if key and answer.status == 201:
                self.store.put("_keys", key, {"print": print_, "body": answer.body})
            return answer

    def _create(self, kind: str, given: Any) -> Answer:
        reference = given.get(REFERENCE) if isinstance(given, dict) else None
        if reference and self.store.owned(kind, REFERENCE, reference):
            return problem(409, "DUPLICATE", "external_ref is taken", REFERENCE)
        key = str(self.store.next_number(kind, 700001))
        try:
            body = self._stored(kind, key, given, 1)
        except Refused as refused:
            return _unprocessable(refused)
        return Answer(body, 201, {"Location": f"/api/{kind}/{key}"})

    def _stored(self, kind: str, key: str, given: Any, revision: int) -> Json:
        values = dict(given) if isinstance(given, dict) else {}
        reference = values.pop(REFERENCE, None)
        if reference is not None and (not isinstance(reference, str) or len(reference) > LONGEST_REFERENCE):
            raise Refused(REFERENCE, "length", f"{REFERENCE} takes {LONGEST_REFERENCE} characters")
        body = checked(self.store, kind, values)
        body = {
            "id": int(key),
            REFERENCE: reference,
            **body,
            "revision": revision,
            "updated_at": stamp(time.time()),
        }
        self.store.put(kind, key, body)
        return body


def _unprocessable(refused: Refused) -> Answer:
    return problem(422, f"FIELD_{refused.what.upper()}", str(refused), refused.field)
