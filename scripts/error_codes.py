"""Holds trivet/documents/codes.yaml against the source: codes that nobody described, and described ones that nothing says."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from trivet.documents.codes import codes

ROOT = Path(__file__).resolve().parent.parent
WRITTEN = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
INSIDE = re.compile(r"[A-Z][A-Z0-9_]{3,}")
OF_OTHERS = ("BAPI_", "RFC_", "RFCTYPE_", "TRIVET_")
"""Beginnings of names that are SAP's functions and keys, and of our environment variables."""
NO_CODES = frozenset(
    {
        "APPRAISAL_ID", "APPRAISAL_MODEL_ID", "ASSERT_NOT", "ATTENDANCE_COUNT", "ATTENDANCE_PRIORITY", "ATTENDEE_BOOK_LIST",
        "ATTENDEE_PREBOOK_LIST", "BEGIN_DATE", "CERT_REQUIRED", "EMPLOYEE_NUMBER", "END_DATE", "EVENTTYPE_LIST", "FILL_STROKE",
        "FU_NOT_FOUND", "KEY_TOO_SMALL", "MAX_REPEAT", "MESSAGE_V", "MIN_REPEAT", "MODEL_ID", "NO_EVENTS", "NO_PREBOOK",
        "NO_PROXY", "NO_ROOT", "OBJ_ID", "PLAN_VERSION", "PREBOOK_COUNT", "PREBOOK_PRIORITY", "PROTOCOL_VERSION",
        "QUALIFICATION_ID", "START_DATE", "UNSUPPORTED_PROTOCOL",
    }
)  # fmt: skip
"""Fields, parameters and words of libraries that are written like codes."""


def main() -> int:
    """0 when every code that the source says is described, and nothing else is."""
    said, inside = set(), set()
    for text in _texts():
        inside |= set(INSIDE.findall(text))
        if WRITTEN.fullmatch(text) and not text.startswith(OF_OTHERS):
            said.add(text)
    known = set(codes())
    troubles = {
        "not described in trivet/documents/codes.yaml": said - known - NO_CODES,
        "described, and said by nothing": known - inside,
        "no codes, and not in the source any more": NO_CODES - said,
    }
    for trouble, names in troubles.items():
        if names:
            print(f"{trouble}:", *sorted(names))  # noqa: T201
    return int(any(troubles.values()))


def _texts() -> Iterator[str]:
    for folder in ("trivet", "connectors"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


if __name__ == "__main__":
    sys.exit(main())
