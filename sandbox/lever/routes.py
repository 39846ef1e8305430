"""The v1 data API's endpoints, after hire.lever.co/developer/documentation; see `listing` for lists, `auth` for the way in."""

import secrets
import time
import uuid
from functools import partial

from ..server import Answer, Handler, Request, Vendor
from ..store import Json, Store
from . import listing
from . import seed as seeding
from .auth import API_KEY, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, Bucket, Entrance
from .changes import Changes
from .listing import Refused, asked, bad, missing, visible
from .uploads import MOST_BYTES, uploaded

PLENTY = 1_000_000
"""Calls in a second where a test sets no limit."""
LINK_SECONDS = 300
HIDDEN = ("updatedAt", "createdAt", "lastInteractionAt", "lastAdvancedAt", "uploadedAt", "completedAt")


class Lever(Vendor):
    """The stand-in."""

    name = "lever"

    def __init__(self, store: Store, size: int | None = None) -> None:
        super().__init__(store)
        self.size = size
        self.entrance, self.bucket = Entrance(), Bucket(PLENTY, PLENTY)
        self.links: dict[str, tuple[str, float]] = {}
        self.changes = Changes(self)
        self.route("POST", "/oauth/token", self.token)
        self.route("GET", "/stored/{link}", self.stored)
        one, at = "/v1/opportunities/{id}", "/v1/opportunities/{opportunity}"
        self._guarded("GET", "/v1/postings", self.postings)
        self._guarded("GET", "/v1/postings/deleted", partial(self.deleted, kind="postings"))
        self._guarded("GET", "/v1/opportunities", self.opportunities)
        self._guarded("GET", "/v1/opportunities/deleted", partial(self.deleted, kind="opportunities"))
        self._guarded("GET", one, self.opportunity)
        for way in ("addTags", "removeTags"):
            self._guarded("POST", f"{one}/{way}", partial(self.tag, add=way == "addTags"))
        for kind in ("postings", "contacts", "stages", "archive_reasons", "users"):
            self._guarded("GET", f"/v1/{kind}/{{id}}", partial(self.single, kind=kind))
        for kind in ("stages", "archive_reasons", "users"):
            self._guarded("GET", f"/v1/{kind}", partial(self.all_of, kind=kind))
        self._guarded("GET", "/v1/tags", self.tags)
        for kind in ("applications", "interviews", "panels", "files", "resumes", "notes", "feedback"):
            self._guarded("GET", f"{at}/{kind}", partial(self.owned, kind=kind))
            self._guarded("GET", f"{at}/{kind}/{{id}}", partial(self.owned_one, kind=kind))
        self._guarded("POST", f"{at}/notes", self.create_note)
        self._guarded("PUT", f"{at}/notes/{{id}}", self.update_note)
        self._guarded("DELETE", f"{at}/notes/{{id}}", self.delete_note)
        self._guarded("POST", f"{at}/files", self.create_file)
        self._guarded("DELETE", f"{at}/files/{{id}}", self.delete_file)
        self._guarded("GET", f"{at}/files/{{id}}/download", self.download)

    def seed(self) -> None:
        """See `Vendor`."""
        self.entrance, self.bucket = Entrance(), Bucket(PLENTY, PLENTY)
        seeding.seed(self.store, self.size)

    def announce(self) -> Json:
        """See `Vendor`."""
        client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "refresh_token": REFRESH_TOKEN}
        return {"base_url": self.base_url, "auth_url": self.base_url, "api_key": API_KEY, **client}

    def connection(self) -> Json:
        """See `Vendor`."""
        return {
            "conn_type": "trivet_lever", "host": self.base_url, "password": API_KEY,
            "extra": {
                "environment": "sandbox", "private_networks": ["127.0.0.0/8"], "auth_url": self.base_url,
                "perform_as": seeding.RECRUITER, "calls_per_second": 200.0,
            },
        }  # fmt: skip

    def business_error(self, request: Request) -> Answer:  # noqa: ARG002
        """See `Vendor`; there is none with status 200."""
        return Answer({"code": "BadRequestError", "message": "Invalid request"}, 400)

    def too_many(self, retry_after: str) -> Answer:
        """See `Vendor`; of itself it says for how long to nobody."""
        return Answer(TOO_MANY, 429, {"Retry-After": retry_after})

    def token(self, request: Request) -> Answer:
        """See `Entrance`."""
        return self.entrance.token(request)

    def _guarded(self, method: str, path: str, inner: Handler) -> None:
        self.route(method, path, partial(self.guarded, inner=inner))

    def guarded(self, request: Request, inner: Handler) -> Answer:
        """The inner answer for a caller who is known and has a token of the bucket left."""
        if not self.entrance.admits(request):
            return Answer({"code": "Unauthorized", "message": "A valid API key was not provided"}, 401)
        if not self.bucket.take():
            return Answer(TOO_MANY, 429)
        try:
            return inner(request)
        except Refused as error:
            return Answer({"code": error.code, "message": str(error)}, error.status)

    def postings(self, request: Request) -> Answer:
        """A page of postings."""
        return listing.page(listing.postings(self.store, asked(request)), asked(request))

    def opportunities(self, request: Request) -> Answer:
        """A page of opportunities, expanded as it is asked for."""
        query = asked(request)
        rows = listing.opportunities(self.store, query)
        answer = listing.page(rows, query)
        answer.body["data"] = [self._shown(body, query.get("expand", [])) for body in answer.body["data"]]
        return answer

    def deleted(self, request: Request, kind: str) -> Answer:
        """A page of what is no more."""
        return listing.page(listing.deleted(self.store, kind, asked(request)), asked(request))

    def opportunity(self, request: Request) -> Answer:
        """One opportunity."""
        return Answer(
            {
                "data": self._shown(
                    self._held("opportunities", request.params["id"]), asked(request).get("expand", [])
                )
            }
        )

    def _shown(self, body: Json, expand: list[str]) -> Json:
        """With what it has of its contact, and with objects in place of the ids that are to be expanded."""
        contact = visible(self.store.get("contacts", body["contact"]) or {})
        place = contact.get("location") or {}
        shown = {**visible(body), "name": contact.get("name"), "headline": contact.get("headline")}
        shown |= {name: contact.get(name, []) for name in ("emails", "phones")}
        shown |= {"location": place.get("name"), "isAnonymized": bool(contact.get("isAnonymized"))}
        if "contact" in expand:
            shown["contact"] = contact
        if "stage" in expand:
            shown["stage"] = self.store.get("stages", body["stage"])
        if "applications" in expand:
            shown["applications"] = [
                visible(self._held("applications", name)) for name in body["applications"]
            ]
        return shown

    def tag(self, request: Request, add: bool) -> Answer:
        """Tags come to an opportunity, or go."""
        body = self._held("opportunities", request.params["id"])
        given = [str(tag) for tag in request.json().get("tags", [])]
        body["tags"] = [*(tag for tag in body["tags"] if tag not in given), *(given if add else ())]
        self.touch(body)
        return Answer({"data": self._shown(body, [])})

    def single(self, request: Request, kind: str) -> Answer:
        """One object."""
        return Answer({"data": visible(self._held(kind, request.params["id"]))})

    def all_of(self, request: Request, kind: str) -> Answer:
        """A page of the kind; of users only those who are still there."""
        query = asked(request)
        rows = [(0, key, body) for key, body in self.store.all(kind)]
        if kind == "users" and query.get("includeDeactivated") != ["true"]:
            rows = [row for row in rows if row[2]["deactivatedAt"] is None]
        if "type" in query:
            rows = [row for row in rows if row[2].get("type") in query["type"]]
        return listing.page(rows, query)

    def tags(self, request: Request) -> Answer:  # noqa: ARG002
        """Every tag with the number of its opportunities."""
        counts: dict[str, int] = {}
        for _, body in self.store.all("opportunities"):
            counts |= {tag: counts.get(tag, 0) + 1 for tag in body["tags"]}
        rows = [{"text": text, "count": count} for text, count in sorted(counts.items())]
        return Answer({"data": rows, "hasNext": False})

    def owned(self, request: Request, kind: str) -> Answer:
        """A page of what belongs to an opportunity."""
        opportunity = request.params["opportunity"]
        if kind == "applications":
            held = self._held("opportunities", opportunity)["applications"]
            rows = [(0, name, self._held("applications", name)) for name in held]
            return listing.page(rows, asked(request))
        rows = listing.owned(self.store, kind, opportunity)
        when = listing.window(asked(request), "uploaded_at") if kind in ("files", "resumes") else None
        answer = listing.page(
            [row for row in rows if when is None or when[0] <= row[0] <= when[1]], asked(request)
        )
        answer.body["data"] = [self._told(kind, opportunity, body) for body in answer.body["data"]]
        return answer

    def owned_one(self, request: Request, kind: str) -> Answer:
        """One of what belongs to an opportunity."""
        return Answer(
            {"data": self._told(kind, request.params["opportunity"], visible(self._part(request, kind)))}
        )

    def _told(self, kind: str, opportunity: str, body: Json) -> Json:
        if kind != "files":
            return body
        path = f"/v1/opportunities/{opportunity}/files/{body['id']}/download"
        return {**body, "downloadUrl": self.base_url + path}

    def create_note(self, request: Request) -> Answer:
        """A note, or a comment below one."""
        opportunity, said = request.params["opportunity"], request.json()
        self._held("opportunities", opportunity)
        by, thread = self._performer(request, needed=False), asked(request).get("note_id")
        comment = _comment(said, by, _score(said))
        if thread:
            request.params["id"] = thread[0]
            note = self._part(request, "notes")
            note["fields"].append(comment)
        else:
            note = {"id": str(uuid.uuid4()), "text": "Note", "fields": [comment], "user": by, "deletedAt": None,
                    "secret": bool(said.get("secret", False)), "createdAt": comment["createdAt"],
                    "completedAt": comment["createdAt"], "_opportunity": opportunity, "_api": True}  # fmt: skip
        self.store.put("notes", note["id"], note, _now())
        self.touch(self._held("opportunities", opportunity))
        return Answer({"data": {"noteId": note["id"]}}, 201)

    def update_note(self, request: Request) -> Answer:
        """The note and every comment below it are replaced as a whole; one that a person wrote cannot be."""
        note, said = self._api_note(request), request.json()
        values = said.get("values")
        if not isinstance(values, list) or not values:
            raise bad("values is required")
        score = _score(said)
        note["fields"] = [_comment(value, value.get("user"), score) for value in values]
        note["secret"] = bool(said.get("secret", False))
        self.store.put("notes", note["id"], note, _now())
        self.touch(self._held("opportunities", request.params["opportunity"]))
        return Answer({"data": {"noteId": note["id"]}})

    def delete_note(self, request: Request) -> Answer:
        """Only a note that came by the API goes by it."""
        self.store.delete("notes", self._api_note(request)["id"])
        return Answer(None, 204)

    def _api_note(self, request: Request) -> Json:
        note = self._part(request, "notes")
        if not note["_api"]:
            raise Refused(403, "Forbidden", "Only notes that were created via API can be changed via API")
        return note

    def create_file(self, request: Request) -> Answer:
        """A file of up to 30 MB, in the name of a user."""
        opportunity = request.params["opportunity"]
        self._held("opportunities", opportunity)
        self._performer(request, needed=True)
        name, content = uploaded(request)
        if len(content) > MOST_BYTES:
            raise Refused(413, "RequestTooLarge", "The request file size is limited to 30MB")
        made = seeding.attach(self.store, opportunity, name, _now(), content=content.hex())
        return Answer({"data": self._told("files", opportunity, visible(made))}, 201)

    def delete_file(self, request: Request) -> Answer:
        """A file goes, in the name of a user."""
        self._performer(request, needed=True)
        self.store.delete("files", self._part(request, "files")["id"])
        return Answer(None, 204)

    def download(self, request: Request) -> Answer:
        """The bytes; where the account's files lie in a store, the way there."""
        file = self._part(request, "files")
        if file["status"] == "error":
            raise Refused(422, "UnprocessableEntity", "The file could not be processed")
        if self.store.get("_setting", "store") is None:
            return _bytes(file)
        link = secrets.token_urlsafe(16)
        self.links[link] = (file["id"], time.monotonic() + LINK_SECONDS)
        # another host of the same machine, as a store is another host than the API
        elsewhere = self.base_url.replace("127.0.0.1", "localhost")
        return Answer(None, 302, {"Location": f"{elsewhere}/stored/{link}"})

    def stored(self, request: Request) -> Answer:
        """The bytes behind a living link, to whoever has it; who proves oneself as well is refused, as by S3."""
        name, until = self.links.get(request.params["link"], ("", 0.0))
        file = self.store.get("files", name)
        if file is None or until < time.monotonic() or request.headers.get("Authorization"):
            return Answer(b"<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
        return _bytes(file)

    def _performer(self, request: Request, needed: bool) -> str | None:
        named = asked(request).get("perform_as")
        if not named:
            if needed:
                raise bad("perform_as is required")
            return None
        user = self.store.get("users", named[0])
        if user is None or user["deactivatedAt"] is not None:
            raise bad("perform_as is no active user")
        return named[0]

    def _part(self, request: Request, kind: str) -> Json:
        body = self._held(kind, request.params["id"])
        if body.get("_opportunity", body.get("opportunityId")) != request.params["opportunity"]:
            raise missing(kind, request.params["id"])
        return body

    def _held(self, kind: str, name: str) -> Json:
        body = self.store.get(kind, name)
        if body is None:
            raise missing(kind, name)
        return body

    def touch(self, opportunity: Json) -> None:
        """The opportunity is stored, and was updated now."""
        now = _now()
        opportunity |= {"updatedAt": now, "lastInteractionAt": now}
        self.store.put("opportunities", opportunity["id"], opportunity, now)

    def change(self, spec: Json) -> Json:
        """See `Changes`."""
        return self.changes.made(spec)

    def state(self) -> Json:
        """What hub and recruiters can see, without clocks and counters."""
        kinds = ("postings", "contacts", "opportunities", "applications", "interviews", "files", "notes")
        return {
            kind: {
                key: {name: value for name, value in body.items() if name not in HIDDEN}
                for key, body in self.store.all(kind)
            }
            for kind in kinds
        }


TOO_MANY = {"code": "TooManyRequests", "message": "Too many requests"}


def _comment(said: Json, by: str | None, score: int | None) -> Json:
    value = said.get("value")
    if not isinstance(value, str) or not value:
        raise bad("value is required")
    made = {"type": "note", "text": "Comment", "value": value, "createdAt": said.get("createdAt") or _now()}
    return {**made, "user": by, "score": score, "stage": None}


def _score(said: Json) -> int | None:
    score = said.get("score")
    if score is not None and (isinstance(score, bool) or score not in (1, 2, 3, 4)):
        raise bad("score must be an integer between 1 and 4")
    return score


def _bytes(file: Json) -> Answer:
    kind = seeding.MEDIA_TYPES.get(seeding.suffix(file["name"]), "application/octet-stream")
    return Answer(seeding.content_of(file), media_type=kind)


def _now() -> int:
    return int(time.time() * 1000)
