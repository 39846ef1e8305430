"""Qualifications in people's profiles, with the image of what was there before.

A profile has no field for our reference: a row is known by person, qualification and first day. Adding a row cuts others of
the same qualification short (message PQ602), so the rows that it met are kept in the remote id and put back on undo:

    00000301/50000501/20261101:20200101-99991231=0003
    person   qualification first day : rows that were there, first day, last day, proficiency
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

from trivet.model import Document, Found, Operation

from .bookings import FROM
from .config import SapRfcConfig
from .sent import as_sent, cannot, given, same
from .session import RfcSession

CHANGE, PROFILE = "BAPI_QUALIPROF_CHANGE", "BAPI_QUALIFIC_GETLIST"
_TO = "99990101"
"""The function's own default: the last day that it takes."""


class Span(NamedTuple):
    """A row of one qualification."""

    begin: str
    end: str
    proficiency: str

    def without(self, begin: str, end: str) -> list["Span"]:
        """What is left of it when these days go to another row."""
        if self.end < begin or self.begin > end:
            return [self]
        pieces = [
            self._replace(end=_day(begin, -1)) if self.begin < begin else None,
            self._replace(begin=_day(end, 1)) if self.end > end else None,
        ]
        return [piece for piece in pieces if piece]


class Qualifications:
    """Entity `qualification`: SOBID (the personnel number), QUALIFICATION_ID, PROFICIENCY, BEGIN_DATE and END_DATE."""

    functions = (CHANGE, PROFILE)
    person = "SOBID"

    def __init__(self, config: SapRfcConfig) -> None:
        self.config, self.names = config, config.fields.qualification
        self.fields: Mapping[str, str] = {
            "NUMBER": "SOBID", self.names.qualification: "QUALIFICATION_ID", self.names.proficiency: "PROFICIENCY",
            self.names.begin: "BEGIN_DATE", self.names.end: "END_DATE",
        }  # fmt: skip

    def send(self, session: RfcSession, operation: Operation) -> str | None:
        """See `Entity`."""
        if operation.kind == "delete":
            self._delete(session, operation.remote_id or "//")
            return operation.remote_id
        wanted = given(operation)
        person, quali = (
            str(wanted.get("SOBID", "")).zfill(8),
            str(wanted.get("QUALIFICATION_ID", "")).zfill(8),
        )
        span = Span(*(str(wanted.get(name, "")) for name in ("BEGIN_DATE", "END_DATE", "PROFICIENCY")))
        if operation.kind == "update":
            return self._update(session, operation, quali, span)
        rows = self._rows(session, person).get(quali, [])
        if any(same(row.proficiency, span.proficiency) and row[:2] == span[:2] for row in rows):
            raise cannot(
                CHANGE, "the profile holds this row already", code="ALREADY_THERE", field="QUALIFICATION_ID",
                cure="nothing is to be done; whose it is cannot be told, so it is not taken for ours",
            )  # fmt: skip
        before = [row for row in rows if row.without(span.begin, span.end) != [row]]
        self._change(session, person, quali, add=[span])
        image = ",".join(f"{row.begin}-{row.end}={row.proficiency}" for row in before)
        return f"{person}/{quali}/{span.begin}:{image}"

    def find(self, session: RfcSession, person: str, operations: list[Operation]) -> dict[str, list[Found]]:
        """See `Entity`."""
        profile = self._rows(session, person)
        found: dict[str, list[Found]] = {}
        for operation in operations:
            quali = str(operation.document.get("QUALIFICATION_ID") or "").zfill(8)
            sought = {f"{person}/{quali}/{operation.document.get('BEGIN_DATE')}"}
            known = (operation.remote_id or "").partition(":")[0]
            for key in filter(None, {known, *sought}):
                _, quali, begin = key.split("/")
                for row in profile.get(quali, []):
                    if row.begin == begin:
                        there = {
                            "SOBID": person, "QUALIFICATION_ID": quali, "PROFICIENCY": row.proficiency,
                            "BEGIN_DATE": row.begin, "END_DATE": row.end,
                        }  # fmt: skip
                        # the id that carries the image of before
                        remote = operation.remote_id if key == known and operation.remote_id else key
                        one = Found(remote, as_sent(operation.document, there))
                        found.setdefault(operation.reference, []).append(one)
        return found

    def _update(self, session: RfcSession, operation: Operation, quali: str, span: Span) -> str:
        key, _, image = (operation.remote_id or "//").partition(":")
        person, known, begin = key.split("/")
        there = next((row for row in self._rows(session, person).get(known, []) if row.begin == begin), None)
        if (quali, span.begin) != (known, begin) or (there and there.end != span.end):
            raise cannot(
                CHANGE, "qualification and days of a row stay as they are", code="ROW_FIXED", field="BEGIN_DATE",
                cure="withdraw it and send another one",
            )  # fmt: skip
        self._change(session, person, quali, add=[span])
        return operation.remote_id or f"{key}:{image}"

    def _delete(self, session: RfcSession, remote_id: str) -> None:
        key, known, image = remote_id.partition(":")
        person, quali, begin = key.split("/")
        rows = self._rows(session, person).get(quali, [])
        ours = next((row for row in rows if row.begin == begin), None)
        if ours is None:
            return
        others = [row for row in rows if row is not ours]
        if not known and any(_touches(row, ours) for row in others):
            raise cannot(
                CHANGE, "what stood here before is not known, and a row beside it may have been cut for it",
                code="BEFORE_IMAGE_UNKNOWN", cure="put the profile right in transaction PPPM",
            )  # fmt: skip
        before = [Span(*part.replace("=", "-").split("-")) for part in image.split(",") if part]
        pieces = [piece for row in before for piece in row.without(ours.begin, ours.end)]
        if not set(pieces) <= set(others):
            raise cannot(
                CHANGE, "somebody changed the rows that were cut", code="PROFILE_CHANGED",
                cure="put the profile right in transaction PPPM",
            )  # fmt: skip
        self._change(session, person, quali, add=before, delete=[ours, *pieces])

    def _change(
        self,
        session: RfcSession,
        person: str,
        quali: str,
        *,
        add: list[Span],
        delete: list[Span] | None = None,
    ) -> None:
        session.change(
            CHANGE, OTYPE="P", PLVAR=self.config.plan_version, SOBID=person,
            PROFILE_ADD=[self._row(quali, one) for one in add], PROFILE_DELETE=[self._row(quali, one) for one in delete or []],
        )  # fmt: skip

    def _row(self, quali: str, span: Span) -> Document:
        n = self.names
        return {
            n.qualification: quali,
            n.begin: span.begin,
            n.end: span.end,
            n.proficiency: span.proficiency.zfill(4),
        }

    def _rows(self, session: RfcSession, person: str) -> dict[str, list[Span]]:
        """The profile by qualification."""
        answer = session.read(
            PROFILE,
            OTYPE="P",
            PLVAR=self.config.plan_version,
            SOBID=person,
            FROM_DATE=FROM,
            TO_DATE=_TO,
            NO_HALFVALUE="X",
        )
        rows: dict[str, list[Span]] = {}
        for row in answer["QUALIFICATIONPROFILE"] if answer else []:
            span = Span(
                *(str(row[name]) for name in (self.names.begin, self.names.end, self.names.proficiency))
            )
            rows.setdefault(str(row[self.names.qualification]).zfill(8), []).append(span)
        return rows


def _touches(one: Span, other: Span) -> bool:
    return same(_day(other.begin, -1), one.end) or same(_day(other.end, 1), one.begin)


def _day(text: str, days: int) -> str:
    try:
        return (date.fromisoformat(text) + timedelta(days)).strftime("%Y%m%d")
    except (ValueError, OverflowError):
        return text
