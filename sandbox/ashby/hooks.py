"""Webhooks: a JSON body of id, action and data, signed with the webhook's secret token."""

import hashlib
import hmac
import json
import uuid

from ..store import Json


def body(action: str, data: Json, action_id: str | None = None) -> bytes:
    """As it is sent; the id stays the same when it is sent again."""
    said = {"webhookActionId": action_id or str(uuid.uuid4()), "action": action, "data": data}
    return json.dumps(said, ensure_ascii=False).encode()


def headers(sent: bytes, secret: str) -> dict[str, str]:
    """The signature, and the name that the vendor calls itself by."""
    signature = hmac.new(secret.encode(), sent, hashlib.sha256).hexdigest()
    return {"Ashby-Signature": f"sha256={signature}", "User-Agent": "Ashby-Webhook"}


def told(
    what: str, application: Json, gone: str, stays: str | None, schedule: Json
) -> list[tuple[str, Json]]:
    """The webhooks that a change sets off; none is known for a candidate who is changed or anonymised."""
    seen = {"application": {k: v for k, v in application.items() if not k.startswith("_")}}
    match what:
        case "delete":
            return [("candidateDelete", {"candidate": {"id": gone}})]
        case "merge":
            return [("candidateMerge", {"deletedCandidate": {"id": gone}, "mergedCandidate": {"id": stays}})]
        case "hire":
            return [("candidateHire", seen), ("candidateStageChange", seen), ("applicationUpdate", seen)]
        case "stage":
            return [("candidateStageChange", seen), ("applicationUpdate", seen)]
        case "recording":
            return [("interviewScheduleUpdate", {"interviewSchedule": schedule})]
    return []
