"""Hands of a recruiter: what happens in Lever's own screens, and the webhooks that it sends to whom subscribed."""

import time
from typing import Protocol

from .. import hooks as sending
from ..store import Json, Store
from . import hooks
from . import seed as seeding
from .auth import Bucket, Entrance


class Tenant(Protocol):
    """What the hands work on."""

    store: Store
    entrance: Entrance
    bucket: Bucket
    links: dict[str, tuple[str, float]]

    def touch(self, opportunity: Json) -> None:
        """The opportunity is stored, and was updated now."""


class Changes:
    """`what` is stage, hire, recording, consent, name, delete, merge or anonymize, of a `candidate`; posting deletes one;
    limit sets the bucket, downloads says where files lie, expire ends tokens and links; subscribe sends webhooks to `url`,
    signed with `secret`."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.store = tenant.store

    def made(self, spec: Json) -> Json:
        """What came of it: the ids that it was about."""
        match spec["what"]:
            case "expire":
                self.tenant.entrance.access.clear()
                self.tenant.links.clear()
            case "limit":
                self.tenant.bucket = Bucket(spec["rate"], spec["burst"])
            case "downloads":
                self.store.put("_setting", "store", {"elsewhere": True})
            case "subscribe":
                self.store.put("_setting", "hooks", spec)
            case "posting":
                self.delete("postings", spec["id"])
            case _:
                return self._of_candidate(spec)
        return {"ok": True}

    def _of_candidate(self, spec: Json) -> Json:
        ids = self.store.get("_key", spec["candidate"])
        if ids is None:
            raise KeyError(spec["candidate"])
        with self.store.together():
            told = self._change(spec, ids)
        for event, data in told:
            self._send(event, data)
        return {"ok": True, **ids}

    def _change(self, spec: Json, ids: Json) -> list[tuple[str, Json]]:
        """Does it; the events that Lever has for it. Tags and files have none."""
        opportunity = self.store.get("opportunities", ids["opportunity"]) or {}
        contact = self.store.get("contacts", ids["contact"]) or {}
        about = {"opportunityId": ids["opportunity"], "contactId": opportunity.get("contact")}
        match spec["what"]:
            case "stage" if spec["stage"] == "rejected":
                self._archive(opportunity, seeding.REJECTED)
                return [("candidateArchiveChange", about)]
            case "stage":
                opportunity["stage"] = seeding.uid("stage", "On-Site Interview")
                self._archive(opportunity, None)
                return [("candidateStageChange", about)]
            case "hire":
                opportunity["tags"].append(f"employee_number={spec['employee_number']}")
                self._archive(opportunity, seeding.HIRED)
                return [("candidateHired", about)]
            case "recording":
                return self._record(spec, ids)
            case "consent":
                gone = f"consent_{spec['withdraw']}="
                opportunity["tags"] = [tag for tag in opportunity["tags"] if not tag.startswith(gone)]
                self.tenant.touch(opportunity)
                return []
            case "name":
                self._contact(contact | {"name": spec["name"]})
                return [("contactUpdated", {"contactId": ids["contact"]})]
            case "delete":
                self.delete("opportunities", ids["opportunity"])
                return [("candidateDeleted", {**about, "deletedBy": seeding.RECRUITER})]
            case "merge":
                other = self.store.get("_key", spec["into"]) or {}
                opportunity["contact"] = other["contact"]
                self.tenant.touch(opportunity)
                self.store.delete("contacts", ids["contact"])
                return [("contactUpdated", {"contactId": other["contact"]})]
            case "anonymize":
                nobody: Json = {"name": None, "headline": None, "location": None, "emails": [], "phones": []}
                self._contact(contact | nobody | {"isAnonymized": True})
                return [("contactUpdated", {"contactId": ids["contact"]})]
        raise KeyError(spec["what"])

    def _record(self, spec: Json, ids: Json) -> list[tuple[str, Json]]:
        """The tool that records attaches the file, and says so in the interview's note."""
        name = seeding.recording_name(ids["interview"], spec["file"])
        seeding.attach(
            self.store, ids["opportunity"], name, _now(), file=spec["file"], content=spec.get("content_hex")
        )
        interview = self.store.get("interviews", ids["interview"]) or {}
        self.store.put("interviews", ids["interview"], {**interview, "note": f"Recording: {name}"}, _now())
        data = {
            "interviewId": ids["interview"],
            "panelId": interview["panel"],
            "opportunityId": ids["opportunity"],
        }
        return [("interviewUpdated", data)]

    def _archive(self, opportunity: Json, reason: str | None) -> None:
        opportunity["archived"] = {"reason": reason, "archivedAt": _now()} if reason else None
        self.tenant.touch(opportunity)

    def _contact(self, contact: Json) -> None:
        """What is the contact's is in each of its opportunities, and updates them."""
        self.store.put("contacts", contact["id"], contact, _now())
        for opportunity in self.store.owned("opportunities", "contact", contact["id"]):
            self.tenant.touch(opportunity)

    def delete(self, kind: str, name: str) -> None:
        """Deletes a posting, or an opportunity with all that belongs to it; its contact goes with the last one."""
        body = self.store.get(kind, name)
        if body is None:
            raise KeyError(name)
        gone = {**body, "deletedAt": _now(), "deletedBy": seeding.RECRUITER}
        self.store.put(f"_deleted_{kind}", name, gone, gone["deletedAt"])
        self.store.delete(kind, name)
        if kind == "opportunities":
            for part in ("interviews", "panels", "files", "resumes", "notes", "feedback"):
                for owned in self.store.owned(part, "_opportunity", name):
                    self.store.delete(part, owned["id"])
            for application in body["applications"]:
                self.store.delete("applications", application)
            if not self.store.owned("opportunities", "contact", body["contact"]):
                self.store.delete("contacts", body["contact"])

    def _send(self, event: str, data: Json) -> None:
        wanted = self.store.get("_setting", "hooks")
        if wanted is not None:
            sending.send(
                wanted["url"], {"User-Agent": "Lever-Webhooks"}, hooks.body(event, data, wanted["secret"])
            )


def _now() -> int:
    return int(time.time() * 1000)
