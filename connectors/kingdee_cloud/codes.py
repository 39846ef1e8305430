"""What Kingdee's message codes mean for the caller; from the SDK's `ResponseStatus` (8.2.0).

     0 default            Rejected         8 parameter          Rejected
     1 session lost       AuthFailed       9 field or value     Rejected
     2 no permission      AuthFailed      10 no data            Rejected
     3 no operation id    Rejected        11 validation         Rejected
     4 exception          UnknownOutcome  12 not operable       Rejected
     5 no form id         Rejected        13 network control    Retryable
     6 database failed    UnknownOutcome  14 call limit         RateLimited
     7 licence            AuthFailed      15 administrator      AuthFailed

An exception or a failed database may come after the bill was stored; so may a code that we do not know.
"""

from collections.abc import Mapping
from typing import Any

from trivet.errors import AuthFailed, ConnectorError, RateLimited, Rejected, Retryable, UnknownOutcome
from trivet.model import Document

NAME = "kingdee_cloud"
SESSION_LOST, FORM, NO_DATA, CALL_LIMIT = 1, 5, 10, 14
PAUSE = 60.0
"""Seconds; the vendor does not say for how long."""
MEANING: Mapping[int, type[ConnectorError]] = {
    0: Rejected,
    SESSION_LOST: AuthFailed,
    2: AuthFailed,
    3: Rejected,
    4: UnknownOutcome,
    FORM: Rejected,
    6: UnknownOutcome,
    7: AuthFailed,
    8: Rejected,
    9: Rejected,
    NO_DATA: Rejected,
    11: Rejected,
    12: Rejected,
    13: Retryable,
    CALL_LIMIT: RateLimited,
    15: AuthFailed,
}
_CURES: Mapping[int, str] = {
    SESSION_LOST: "check app id, secret, account and user of the connection",
    2: "give the integration user the form's permissions",
    FORM: "mend `forms` of the connection, or publish the form",
    7: "give the integration user a licence, or renew that of the account",
    15: "use an integration user that is no administrator",
}


def refusal(operation: str, code: Any, error: Document) -> ConnectorError:
    """What a failed status means, by its code and one entry of its `Errors`."""
    text = str(error.get("Message") or "refused")[:300]
    meaning = MEANING.get(code, UnknownOutcome)
    where: dict[str, Any] = {
        "connector": NAME, "operation": operation, "vendor_code": f"MsgCode {code}", "cure": _CURES.get(code),
    }  # fmt: skip
    if meaning is Rejected and _repeated(text):
        # only with ValidateRepeatJson: the same packet was taken before, and asking tells what became of it
        return UnknownOutcome(text, **where)
    if meaning is RateLimited:
        return RateLimited(text, retry_after=PAUSE, **where)
    if meaning is Rejected:
        return Rejected(text, field=error.get("FieldName") or None, **where)
    return meaning(text, **where)


def _repeated(text: str) -> bool:
    return "重复" in text and "json" in text.lower()
