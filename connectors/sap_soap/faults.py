"""SOAP faults, 1.1 and 1.2, and what they mean for the caller.

Client, Sender, MustUnderstand, VersionMismatch    the message was refused: Rejected
wsse:FailedAuthentication and its kin              AuthFailed
Server, Receiver and all else                      Rejected where the fault's id is configured as a refusal;
                                                   otherwise UnknownOutcome, of a query Retryable
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from trivet.errors import AuthFailed, ConnectorError, Rejected, Retryable, UnknownOutcome

NAME = "sap_soap"
_REFUSED = ("Client", "Sender", "MustUnderstand", "VersionMismatch", "DataEncodingUnknown")
# WS-Security 1.1, section 12
_UNKNOWN_USER = (
    "FailedAuthentication", "InvalidSecurity", "InvalidSecurityToken", "FailedCheck", "SecurityTokenUnavailable",
    "UnsupportedSecurityToken", "UnsupportedAlgorithm", "MessageExpired",
)  # fmt: skip
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as read."""

    codes: tuple[str, ...]
    """Code and subcodes without prefix, outermost first."""
    text: str
    id: str
    """Id or code of the first detail, as in StandardMessageFault/standard/faultDetail/id; empty where there is none."""
    severity: str

    @property
    def code(self) -> str:
        """The most telling code."""
        return self.id or self.codes[-1]


def read_fault(node: Any) -> Fault:
    """The fault in an lxml element `Fault`."""
    told: dict[str, list[str]] = {}
    for element in node.iter("*"):
        if len(element) == 0 and (text := (element.text or "").strip()):
            told.setdefault(_local(element), []).append(text)
    codes = [*told.get("faultcode", []), *told.get("Value", [])]
    # the vendor's own words first: faultText (SAP enterprise services), text (PI's SystemError)
    texts = dict.fromkeys(
        text for name in ("faultText", "text", "Text", "faultstring") for text in told.get(name, [])[:1]
    )
    ids = [*told.get("id", []), *told.get("code", [])]
    return Fault(
        tuple(code.rpartition(":")[2] for code in codes) or ("Server",),
        "; ".join(texts)[:_LONGEST],
        ids[0] if ids else "",
        (told.get("severity") or [""])[0],
    )


def verdict(operation: str, fault: Fault, refusals: Collection[str], *, write: bool) -> ConnectorError:
    """The fault as the error that the caller acts on."""
    said = f"SOAP_FAULT {'/'.join(fault.codes)}: {' '.join(fault.text.split()) or 'no text'}"
    if fault.severity:
        said += f" (severity {fault.severity})"
    where: dict[str, Any] = {"connector": NAME, "operation": operation, "vendor_code": fault.code}
    if any(code in _UNKNOWN_USER for code in fault.codes):
        return AuthFailed(said, cure="check login, password and `auth` of the connection", **where)
    # `Client.PQ603` is a client's fault: SOAP 1.1 refines codes with dots
    if fault.codes[0].split(".")[0] in _REFUSED or {fault.id, *fault.codes} & set(refusals):
        return Rejected(said, **where)
    return UnknownOutcome(said, **where) if write else Retryable(said, **where)


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]
