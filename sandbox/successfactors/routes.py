"""SuccessFactors' endpoints: login, `$metadata`, reading with filters and pages, upsert, create, merge, delete, `$batch`."""

import base64
import json
import re
import secrets
import time
from typing import Any
from urllib.parse import parse_qs, unquote

from ..server import Answer, Request, Vendor
from ..store import Json, Store
from . import saml, seed
from .learning import LearningServer
from .listing import Listing
from .model import Entity, metadata
from .rules import Refused, checked
from .tenant import ENTITIES

USER, COMPANY, PASSWORD = "TRIVET_API", "yunxiuSBX", "sandbox-successfactors-password"
CLIENT_ID = "sandbox-oauth-client"
MAX_UPSERT = 1000
ROOT = "/odata/v2"
_KEY = re.compile(r"(?P<set>\w+)\((?:(?P<name>\w+)=)?(?P<value>'(?:[^']|'')*'|-?\d+L?)\)")


class SuccessFactors(Vendor):
    """The stand-in."""

    name = "successfactors"

    def __init__(self, store: Store, size: int | None = None) -> None:
        super().__init__(store)
        self.size = size
        self.tokens: dict[str, float] = {}
        self.listing = Listing(store)
        self.learning = LearningServer(self)
        self.route("POST", "/oauth/token", self.token)
        self.route("GET", f"{ROOT}/\\$metadata", lambda r: self.guarded(r, self.metadata))
        self.route("POST", f"{ROOT}/upsert", lambda r: self.guarded(r, self.upsert))
        self.route("POST", f"{ROOT}/\\$batch", lambda r: self.guarded(r, self.batch))
        for method in ("GET", "POST", "PUT", "DELETE"):
            self.route(method, f"{ROOT}/{{what}}", lambda r: self.guarded(r, self.entity))

    def seed(self) -> None:
        """See `Vendor`."""
        with self.store.together():
            seed.fill(self.store, self.size)
            self.learning.seed()

    def announce(self) -> Json:
        """See `Vendor`."""
        return {
            "base_url": self.base_url,
            "user": USER,
            "company": COMPANY,
            "password": PASSWORD,
            "client_id": CLIENT_ID,
            **self.learning.announce(),
        }

    def connection(self) -> Json:
        """See `Vendor`."""
        return {
            "conn_type": "trivet_successfactors", "host": self.base_url, "login": f"{USER}@{COMPANY}",
            "password": PASSWORD, "extra": {"environment": "sandbox"},
        }  # fmt: skip

    def business_error(self, request: Request) -> Answer:
        """Every item of an upsert refused with status 200; elsewhere the error body with that status."""
        if not request.path.endswith("/upsert"):
            return failure(200, "COE_GENERAL_SERVER_ERROR", "refused on request")
        try:
            items = request.json()
        except ValueError:
            items = []
        items = items if isinstance(items, list) else [items]
        return Answer(
            {
                "d": [
                    _item(i, None, 400, "COE_GENERAL_BAD_REQUEST: refused on request")
                    for i in range(len(items))
                ]
            }
        )

    def too_many(self, retry_after: str) -> Answer:
        """See `Vendor`."""
        return failure(
            429, "TooManyRequests", "API calling limit exceeded, try later", {"Retry-After": retry_after}
        )

    def token(self, request: Request) -> Answer:
        """A bearer token for a SAML assertion that the registered certificate vouches for."""
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        registered = (self.store.get("_client", CLIENT_ID) or {}).get("certificate")
        fine = (
            form.get("grant_type") == "urn:ietf:params:oauth:grant-type:saml2-bearer"
            and form.get("client_id") == CLIENT_ID
            and form.get("company_id") == COMPANY
        )
        try:
            fine = fine and bool(
                saml.subject(form.get("assertion", ""), registered, CLIENT_ID, f"{self.base_url}/oauth/token")
            )
        except saml.Refused:
            fine = False
        if not fine:
            return Answer({"errorHttpCode": "401", "errorMessage": "Unable to authenticate the client"}, 401)
        token = secrets.token_urlsafe(24)
        self.tokens[token] = time.monotonic() + 3600
        return Answer({"access_token": token, "token_type": "Bearer", "expires_in": 3600})

    def guarded(self, request: Request, inner: Any) -> Answer:
        """The inner answer for a known caller."""
        kind, _, value = (request.headers.get("Authorization") or "").partition(" ")
        basic = base64.b64encode(f"{USER}@{COMPANY}:{PASSWORD}".encode()).decode()
        known = value == basic if kind == "Basic" else self.tokens.get(value, 0) > time.monotonic()
        if not known:
            return failure(401, "LoginException", "[LGN0004]Authentication failed")
        answer: Answer = inner(request)
        return answer

    def metadata(self, _: Request) -> Answer:
        """The tenant's EDMX."""
        return Answer(metadata(ENTITIES.values()).encode(), media_type="application/xml")

    def entity(self, request: Request) -> Answer:
        """Reading, creating, merging and deleting by the entity's own address."""
        what = unquote(request.params["what"])
        match = _KEY.fullmatch(what)
        entity = ENTITIES.get(match["set"] if match else what)
        if entity is None:
            return failure(404, "NotFoundException", f"entity {what} not found")
        tunnel = (request.headers.get("x-http-method") or "").upper()
        try:
            if match is None:
                return self.list(request, entity) if request.method == "GET" else self.create(request, entity)
            key = _literal(match["value"])
            if request.method == "GET":
                body = self.store.get(entity.name, key)
                return (
                    Answer({"d": shown(entity, body)})
                    if body
                    else failure(404, "NotFoundException", "not found")
                )
            if request.method == "DELETE" or tunnel == "DELETE":
                gone = not entity.read_only and self.store.delete(entity.name, key)
                return Answer(None, 204) if gone else failure(404, "NotFoundException", "not found")
            return self.merge(request, entity, key)
        except Refused as refused:
            return failure(400, refused.code, str(refused))

    def list(self, request: Request, entity: Entity) -> Answer:
        """A page of rows, with `__next` where there is more."""
        try:
            page, following = self.listing.page(entity, request.query)
        except ValueError as error:
            return failure(400, "COE_PROPERTY_NOT_FOUND", str(error))
        body: Json = {"results": [shown(entity, row) for row in page]}
        if following:
            body["__next"] = f"{self.base_url}{ROOT}/{entity.name}?{following}"
        return Answer({"d": body})

    def create(self, request: Request, entity: Entity) -> Answer:
        """One new row."""
        with self.store.together():
            key, body = self.write(entity, request.json(), None)
        return Answer(
            {"d": shown(entity, body)}, 201, {"Location": f"{self.base_url}{ROOT}/{entity.name}('{key}')"}
        )

    def merge(self, request: Request, entity: Entity, key: str) -> Answer:
        """Some fields of a row; MERGE of an unknown key is refused, it is no upsert."""
        if self.store.get(entity.name, key) is None:
            return failure(404, "NotFoundException", "not found")
        with self.store.together():
            self.write(entity, request.json(), key)
        return Answer(None, 200)

    def upsert(self, request: Request) -> Answer:
        """Rows by key, an outcome each, status 200 whatever they are."""
        items = request.json()
        items = items if isinstance(items, list) else [items]
        if len(items) > MAX_UPSERT:
            said = f"Upsert content exceeds the limitation, the maximum size is {MAX_UPSERT}"
            return failure(400, "BadRequestException", said)
        isolated = request.query.get("strictTransactionIsolate") == "true"
        outcomes: list[Json] = []
        try:
            with self.store.together():
                outcomes = [self.upsert_one(i, item) for i, item in enumerate(items)]
                if not isolated and any(o["status"] == "ERROR" for o in outcomes):
                    raise _Undo
        except _Undo:
            said = "not processed because another record of the request failed"
            outcomes = [
                o if o["status"] == "ERROR" else _item(i, None, 400, said) for i, o in enumerate(outcomes)
            ]
        return Answer({"d": outcomes})

    def upsert_one(self, index: int, item: Json) -> Json:
        """One row of an upsert."""
        where = item.get("__metadata") or {}
        match = _KEY.fullmatch(str(where.get("uri", "")).rpartition("/")[2])
        name = match["set"] if match else str(where.get("uri", "")).rpartition("/")[2]
        entity = ENTITIES.get(name)
        if entity is None:
            return _item(index, None, 400, f"COE_ENTITY_NOT_FOUND: entity {name} not found")
        key = _literal(match["value"]) if match else None
        values = {k: v for k, v in item.items() if k != "__metadata"}
        if key is None and not entity.generated_key:
            key = values.get(entity.key)
        try:
            with self.store.together():
                if entity.generated_key and key is not None and self.store.get(entity.name, key) is None:
                    raise Refused("COE0018", f"{entity.name} {key} not found", entity.key)
                key, _ = self.write(entity, values, key)
        except Refused as refused:
            return _item(index, key, 400, f"{refused.code}: {refused}")
        return _item(index, f"{entity.name}/{entity.key}={key}", 200, None)

    def write(self, entity: Entity, values: Json, key: str | None) -> tuple[str, Json]:
        """Checks and stores one row; the key is the vendor's to give where it is generated."""
        if not entity.generated_key and key is None:
            key = values.get(entity.key)
        before = (self.store.get(entity.name, key) if key else None) or {}
        body = checked(self.store, entity, values, before, key)
        now = f"/Date({int(time.time() * 1000)})/"
        if entity.generated_key:
            key = key or str(self.store.next_number(entity.name, 5001))
            body |= {
                "id": key,
                "guid": before.get("guid") or f"G{int(key):07d}",
                "planId": entity.name.rpartition("_")[2],
                "lastModified": now,
            }
        else:
            body |= {entity.key: key, "lastModifiedDateTime": now}
        assert key is not None
        self.store.put(entity.name, key, body)
        return key, body

    def batch(self, request: Request) -> Answer:
        """Changesets: each wholly or not at all; a failed one answers with a single 400 part."""
        from .batch import serve

        return serve(self, request)

    def change(self, spec: Json) -> Json:
        """Hands of an HR manager: sets fields of the rows that match (`entity`, `where`, `set`), deletes, or inserts.

        `certificate` is what an administrator registers with the OAuth client, PEM.
        """
        if "certificate" in spec:
            self.store.put("_client", CLIENT_ID, {"certificate": spec["certificate"]})
            return {"ok": True}
        entity = ENTITIES[spec["entity"]]
        rows = [
            (k, b)
            for k, b in self.store.all(entity.name)
            if all(b.get(n) == v for n, v in spec.get("where", {}).items())
        ]
        for key, body in rows:
            if not ("set" in spec or spec.get("delete")):
                break
            if spec.get("delete"):
                self.store.delete(entity.name, key)
            else:
                self.store.put(entity.name, key, body | spec["set"])
        if spec.get("insert"):
            key = str(spec["insert"][entity.key])
            self.store.put(entity.name, key, spec["insert"])
        return {"rows": len(rows)}

    def state(self) -> Json:
        """Every row without the vendor's clocks and given ids."""
        left_out = {"lastModified", "lastModifiedDateTime", "formLastModifiedDate", "id", "guid"}
        rows = {
            kind: sorted(
                ({k: v for k, v in body.items() if k not in left_out} for body in found.values()),
                key=lambda b: json.dumps(b, sort_keys=True),
            )
            for kind, found in super().state().items()
        }
        return {kind: found for kind, found in rows.items() if found}


class _Undo(Exception):
    """Takes the whole request back."""


def shown(entity: Entity, body: Json) -> Json:
    """A row as the vendor answers it."""
    key = body[entity.key]
    quoted = f"{key}L" if entity.generated_key else "'" + str(key).replace("'", "''") + "'"
    return {"__metadata": {"uri": f"{entity.name}({quoted})", "type": f"SFOData.{entity.name}"}, **body}


def failure(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Answer:
    """The vendor's error body."""
    return Answer(
        {"error": {"code": code, "message": {"lang": "en-US", "value": message}}}, status, headers or {}
    )


def _literal(text: str) -> str:
    """The value of a key: a text in quotes, or a whole number with or without its L."""
    return text[1:-1].replace("''", "'") if text.startswith("'") else text.removesuffix("L")


def _item(index: int, key: str | None, code: int, message: str | None) -> Json:
    status = "OK" if code == 200 else "ERROR"
    edited = "UPSERTED" if code == 200 else None
    return {
        "key": key,
        "status": status,
        "editStatus": edited,
        "message": message,
        "index": index,
        "httpCode": code,
        "inlineResults": None,
    }
