"""Event-based web hooks: JSON, signed with the hook's private key over the body and, right behind it, the time stamp.

After documentation.bamboohr.com/docs/webhooks and /docs/event-based-webhooks.
"""

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime

from ..store import Json

COMPANY = "77001"


def body(kind: str, employee: str, changed: list[str] | None = None) -> bytes:
    """An employee's event."""
    data: Json = {"companyId": COMPANY, "employeeId": employee}
    if changed is not None:
        data["changedFields"] = changed
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
    return json.dumps({"type": kind, "timestamp": stamp, "data": data}).encode()


def headers(sent: bytes, key: str, at: float | None = None) -> dict[str, str]:
    """Time stamp, in seconds, and signature."""
    stamp = str(int(time.time() if at is None else at))
    signature = hmac.new(key.encode(), sent + stamp.encode(), hashlib.sha256).hexdigest()
    return {"X-BambooHR-Timestamp": stamp, "X-BambooHR-Signature": signature}
