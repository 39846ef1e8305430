"""RETURN in its three shapes (BAPIRETURN, BAPIRETURN1, BAPIRET2), as one structure or as a table, and what it says.

Success is known by message class and number: the appraisal functions document their errors with TYPE 'S'. The system's own
texts are left out of errors, since they quote what was sent; those of class PQ are in the functions' documentation.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trivet.errors import Rejected

from .library import NAME

_NOTHING = ("", "000")
_FAILURES = ("E", "A", "X")
_HARMLESS = ("", "S", "I", "W")
_TEXTS = {
    "MC601": "somebody has locked it", "PQ603": "no authorization for this", "PQ604": "the qualification cannot be created",
    "PQ605": "invalid object type", "PQ606": "the object does not exist", "PQ607": "no scale is defined",
    "PQ608": "the scale is not certain", "PQ609": "invalid relationship period", "PQ610": "invalid proficiency",
    "PQ611": "wrong date format", "PQ612": "another error", "PQ613": "no first or last day",
    "PQ614": "the relationship cannot be found", "PQ615": "nothing is there to delete", "PQ616": "deleting failed",
    "PQ617": "the key date lies before the first day", "PQ618": "delimiting failed", "PQ619": "no data for these entries",
    "PQ622": "no root object of this type", "PQ625": "an unexpected error", "PQ627": "no such appraisal",
    "PQ629": "the appraisal has no text", "PQ630": "no appraiser is named", "PQ631": "no appraisee is named",
    "PQ632": "wrong combination of object types", "PQ633": "invalid date", "PQ634": "the relationship cannot be made",
    "PQ635": "saving failed", "PQ643": "the appraisal is not in process", "PQ648": "its parties cannot be changed any more",
    "PQ649": "the appraiser is not in the system", "PQ650": "the appraisee is not in the system",
    "PQ652": "the appraisal is completed", "S&101": "posting could not be carried out",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Message:
    """One message, whatever its shape was."""

    type: str
    code: str
    """Class and number, such as PQ603; empty where nothing is said."""
    values: tuple[str, ...] = ()
    """What was put into its text."""
    field: str | None = None

    @property
    def text(self) -> str:
        """What it means, in our words."""
        return _TEXTS.get(self.code, "refused")

    def good(self, success: Collection[str]) -> bool:
        """Whether it means success: its type is a harmless one, and it says nothing or a message of the list."""
        return self.type in _HARMLESS and (not self.code or self.code in success)


def messages(answer: Mapping[str, Any]) -> list[Message] | None:
    """What RETURN says; None where the answer has no RETURN, or one in no shape that there is."""
    said = answer.get("RETURN")
    if said is None:
        return None
    rows: Sequence[Any] = said if isinstance(said, list) else [said]
    if not all(isinstance(row, dict) for row in rows):
        return None
    return [_message(row) for row in rows]


def _message(row: Mapping[str, Any]) -> Message:
    def text(name: str) -> str:
        return str(row.get(name) or "").strip()

    if "CODE" in row:
        code = text("CODE")
    else:
        number = text("NUMBER")
        code = text("ID") + number if number not in _NOTHING or text("ID") else ""
    values = tuple(v for v in (text(f"MESSAGE_V{i}") for i in range(1, 5)) if v)
    return Message(text("TYPE"), code, values, text("FIELD") or text("PARAMETER") or None)


def bad(answer: Mapping[str, Any], success: Collection[str]) -> Message | None:
    """The first message that does not mean success; None where all is well."""
    return next((one for one in messages(answer) or [] if not one.good(success)), None)


def refusal(function: str, message: Message, params: Mapping[str, Any]) -> Rejected:
    """The refusal, with the parameter whose value the message quotes."""
    field = message.field or next(
        (
            name
            for name, value in _flat(params)
            if str(value).strip() and str(value).strip() in message.values
        ),
        None,
    )
    known = message.code or f"TYPE {message.type}"
    return Rejected(
        message.text, connector=NAME, operation=function, vendor_code=known, field=field,
        cure=f"SE91 shows the text of {known}"
        + ("" if message.type in _FAILURES else "; if it means success here, add it to `success`"),
    )  # fmt: skip


def _flat(params: Mapping[str, Any]) -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for name, value in params.items():
        rows = value if isinstance(value, list) else []
        flat += [pair for row in rows for pair in _flat(row)] if rows else [(name, value)]
    return flat
