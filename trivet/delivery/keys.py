"""What a record is called at the target, and what one change of it is called.

The record reference is what the ERP stores and is searched by: the same through every re-score. The operation key adds
kind and revision: a target that de-duplicates by key gets this one. Neither holds run id, time or payload.
"""

import json
from base64 import b32encode
from hashlib import sha256

from trivet.model import OperationKind

LENGTH = 16
"""Characters of a reference: 80 bits, and narrow enough for the narrowest field that we know (SAP XBLNR)."""
_LETTERS: dict[OperationKind, str] = {"create": "C", "update": "U", "delete": "D"}


def record_reference(tenant: str, target: str, entity: str, business_key: str) -> str:
    """16 characters A-Z2-7, equal for equal parts; `target` is the connection's id."""
    # json keeps ("a", "bc") and ("ab", "c") apart
    said = json.dumps(["trivet1", tenant, target, entity, business_key], ensure_ascii=False)
    return b32encode(sha256(said.encode()).digest()[: LENGTH * 5 // 8]).decode()


def operation_key(reference: str, kind: OperationKind, revision: int) -> str:
    """`<reference>-<C|U|D><revision>`."""
    return f"{reference}-{_LETTERS[kind]}{revision}"


def undo_key(key: str) -> str:
    """The key under which an operation is taken back; a change and its undoing never share one."""
    return f"{key}-UNDO"
