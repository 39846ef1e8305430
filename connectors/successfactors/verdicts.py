"""What an answer says: HTTP 200 around an upsert says nothing, each of its items says its own (KBA 2545933)."""

import re
from typing import Any

from trivet.errors import ConnectorError, Rejected, UnknownOutcome
from trivet.model import Confirmed, Outcome

from .edm import NAME

_CODE = re.compile(r"^\[?([A-Z][A-Z0-9_]{3,40})\]?\s*[:\-]\s*(.*)$", re.S)
_PROPERTY = re.compile(r"\(property (\w+)\)|property name (\w+)")


def judge(item: Any) -> Outcome:
    """What one item of an upsert's answer says.

    Only OK with a 2xx code is done; 4xx is a refusal; anything else, an empty 500 included (KBA 3069375), is unknown.
    """
    if not isinstance(item, dict):
        return UnknownOutcome("the item is unreadable", connector=NAME, operation="upsert")
    code, status = item.get("httpCode"), item.get("status")
    if status == "OK" and isinstance(code, int) and 200 <= code < 300:
        return Confirmed(remote_id(item.get("key")))
    message = str(item.get("message") or "")
    if isinstance(code, int) and 400 <= code < 500 and code not in (408, 429):
        return _rejected("upsert", message)
    return UnknownOutcome(
        f"status {status}, code {code}, {'no message' if not message else 'with a message'}",
        connector=NAME,
        operation="upsert",
    )


def remote_id(key: Any) -> str | None:
    """The id in an item's key, such as `Goal_1/id=5001`."""
    return str(key).rpartition("=")[2] if key else None


def refusal(operation: str, answer: Any) -> ConnectorError:
    """The error of a refused request as a whole."""
    found = answer.get("error") if isinstance(answer, dict) else None
    error = found if isinstance(found, dict) else {}
    message = error.get("message") or {}
    text = message.get("value") if isinstance(message, dict) else message
    rejected = _rejected(operation, str(text or "refused"))
    if error.get("code"):
        rejected.vendor_code = str(error["code"])
    if error.get("target") and rejected.field is None:
        rejected.field = str(error["target"])
    return rejected


def _rejected(operation: str, text: str) -> Rejected:
    match = _CODE.match(text)
    code, said = (match[1], match[2]) if match else (None, text)
    named = _PROPERTY.search(said)
    field = (named[1] or named[2]) if named else None
    said = re.sub(r"\s*\(property \w+\)", "", said)
    return Rejected(
        said[:300] or "refused", connector=NAME, operation=operation, vendor_code=code, field=field
    )
