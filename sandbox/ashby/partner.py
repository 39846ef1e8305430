"""Ashby as the customer of an assessment partner: lists what it offers, starts and cancels, hears what becomes of it.

After developers.ashbyhq.com: the guide on assessments and the page of assessment.update. The bodies of list, start and cancel are
assumed as public partners read them; so is that an update which is not later than the last one is refused.
"""

import base64
import json
import urllib.error
import urllib.request
import uuid
from typing import Any

from ..server import Answer, Request
from ..store import Json, Store
from .listing import Refused

KEY = "ashby-sandbox-partner-key"
KIND = "assessment"
TYPES: dict[str, Any] = {
    "numeric_score": int | float, "numeric_duration_minutes": int | float, "url": str, "string": str, "boolean_success": bool,
}  # fmt: skip
BLOBS = ("assessment_status", "assessment_profile_url", "assessment_result", "cancelled_reason")


def call(partner: str, method: str, body: Json) -> tuple[int, Any]:
    """Status and results of the partner's answer; 0 where there is none."""
    headers = {
        "Authorization": "Basic " + base64.b64encode(f"{KEY}:".encode()).decode(),
        "Content-Type": "application/json",
    }
    asked = urllib.request.Request(f"{partner.rstrip('/')}/{method}", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            said = json.load(answer)
            return answer.status, said.get("results") if said.get("success") is True else None
    except urllib.error.HTTPError as error:
        return error.code, None
    except (urllib.error.URLError, OSError, ValueError, AttributeError):
        return 0, None


def order(store: Store, partner: str, ids: Json, package: str) -> Json:
    """A recruiter chooses from the partner's list and starts an assessment."""
    status, offered = call(partner, "assessment.list", {})
    known = {entry["assessment_type_id"]: entry["name"] for entry in offered or ()}
    candidate = store.get("candidate", ids["candidate"]) or {}
    application = store.get("application", ids["application"]) or {}
    first, _, last = candidate["name"].partition(" ")
    body = {
        "assessment_type_id": package,
        "candidate": {
            "ashby_id": ids["candidate"], "first_name": first, "last_name": last,
            "email": (candidate.get("primaryEmailAddress") or {}).get("value"),
            "ashby_profile_url": f"https://app.ashbyhq.com/candidates/{ids['candidate']}",
        },
        "application": {"ashby_id": ids["application"], "status": application.get("status")},
        "job": {"ashby_id": (application.get("job") or {}).get("id"), "name": "…"},
    }  # fmt: skip
    status, started = call(partner, "assessment.start", body)
    name = started.get("assessment_id") if isinstance(started, dict) else None
    if status != 200 or not isinstance(name, str):
        return {"ok": False, "assessment.start": status, "offered": known}
    if store.get(KIND, name) is None:
        made = {"id": name, "application": ids["application"], "type": package, "status": None, "result": None,
                "profile": None, "metadata": [], "timestamp": 0, "_partner": partner}  # fmt: skip
        store.put(KIND, name, made)
    return {"ok": True, "assessment": name, "offered": known}


def cancel(store: Store, name: str) -> Json:
    """A recruiter cancels an assessment."""
    body = store.get(KIND, name) or {}
    status, _ = call(body["_partner"], "assessment.cancel", {"assessment_id": name})
    if status == 200:
        store.put(KIND, name, body | {"status": "Cancelled"})
    return {"ok": status == 200, "assessment.cancel": status}


def update(store: Store, request: Request) -> Answer:
    """The partner says what the assessment has come to."""
    said = request.json()
    blobs = [said[name] for name in BLOBS if said.get(name) is not None] + (said.get("metadata") or [])
    names = [blob.get("identifier") for blob in blobs if isinstance(blob, dict)]
    try:
        key = str(uuid.UUID(said.get("assessment_id")))
    except (ValueError, AttributeError, TypeError):
        raise Refused("invalid_input", "assessment_id is a UUID") from None
    body = store.get(KIND, key)
    if body is None:
        raise Refused("assessment_not_found")
    if not all(map(_fits, blobs)) or len(set(names)) < len(blobs):
        raise Refused("invalid_input", "a value of another form, or an identifier twice")
    if "assessment_status" not in said and "cancelled_reason" not in said:
        raise Refused("invalid_input", "assessment_status is required")
    if "assessment_result" in said and "assessment_profile_url" not in said:
        raise Refused("invalid_input", "assessment_profile_url is required")
    stamp = said.get("timestamp")
    if not isinstance(stamp, int) or stamp <= body["timestamp"]:
        raise Refused("invalid_input", "timestamp does not grow")
    body |= {"status": (said.get("assessment_status") or {}).get("value"), "timestamp": stamp}
    if "assessment_result" in said:
        told = {"result": said["assessment_result"], "profile": said["assessment_profile_url"]}
        body |= told | {"metadata": said.get("metadata") or []}
    store.put(KIND, key, body)
    return Answer({"success": True, "results": {"assessmentId": key}})


def _fits(blob: Any) -> bool:
    if not isinstance(blob, dict) or blob.get("type") not in TYPES:
        return False
    texts = all(isinstance(blob.get(name), str) and blob[name] for name in ("identifier", "label"))
    value: Any = blob.get("value")
    return texts and isinstance(value, TYPES[blob["type"]]) and (blob["type"] != "url" or "://" in value)
