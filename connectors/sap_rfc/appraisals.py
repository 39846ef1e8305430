"""Appraisals of the old appraisal system; our reference stands at the head of the name (TEXT, 40 characters).

    AAAAAAAAAAAAAAA2 Probation: teamwork        sixteen for the reference, a blank, 23 for the document's TEXT

Dates, model and parties of an appraisal stay as they were made (BAPI_APPRAISAL_CHANGE has no such parameters). A completed
one may be deleted only where customizing says so, so mappings had better stop at status 01 or 02.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from trivet.model import Document, Found, Operation

from .config import SapRfcConfig
from .sent import as_sent, cannot, given, same
from .session import RfcSession

CREATE, CHANGE, STATUS = "BAPI_APPRAISAL_CREATE", "BAPI_APPRAISAL_CHANGE", "BAPI_APPRAISAL_STATUS_CHANGE"
DELETE, LIST, DETAIL = "BAPI_APPRAISAL_DELETE", "BAPI_APPRAISAL_GETLIST", "BAPI_APPRAISAL_GETDETAIL"
FIXED = ("APPRAISEE", "APPRAISER", "APPRAISAL_MODEL_ID", "START_DATE", "END_DATE")


class Appraisals:
    """Entity `appraisal`: APPRAISEE, APPRAISER (or the connection's), APPRAISAL_MODEL_ID, START_DATE, END_DATE, TEXT,
    APPRAISALSTATUS."""

    functions = (CREATE, CHANGE, STATUS, DELETE, LIST, DETAIL)
    person = "APPRAISEE"
    fields: ClassVar[Mapping[str, str]] = {
        "NUMBER": "APPRAISEE",
        "ID": "APPRAISEE",
        "STATUS": "APPRAISALSTATUS",
    }

    def __init__(self, config: SapRfcConfig) -> None:
        self.config, self.names = config, config.fields.appraisal

    def send(self, session: RfcSession, operation: Operation) -> str | None:
        """See `Entity`."""
        if operation.kind == "create":
            return self._create(session, operation)
        key = (operation.remote_id or "/").split("/")[1]
        if operation.kind == "delete":
            if self._detail(session, key):
                session.change(DELETE, PLAN_VERSION=self.config.plan_version, APPRAISAL_ID=key)
            return operation.remote_id
        self._update(session, operation, key)
        return operation.remote_id

    def find(self, session: RfcSession, person: str, operations: list[Operation]) -> dict[str, list[Found]]:
        """See `Entity`."""
        answer = session.read(LIST, PLAN_VERSION=self.config.plan_version, APPRAISEES=[self._party(person)])
        listed: list[Document] = answer["APPRAISALS"] if answer else []
        found: dict[str, list[Found]] = {}
        for operation in operations:
            for row in listed:
                if str(row[self.names.text])[:16] == operation.reference:
                    key = str(row[self.names.id])
                    there = self._detail(session, key)
                    if there:
                        one = Found(f"{person}/{key}", as_sent(operation.document, there))
                        found.setdefault(operation.reference, []).append(one)
        return found

    def _create(self, session: RfcSession, operation: Operation) -> str:
        wanted = given(operation, "APPRAISEE", "APPRAISER", "TEXT")
        person = str(operation.document.get("APPRAISEE") or "").zfill(8)
        answer = session.change(
            CREATE, PLAN_VERSION=self.config.plan_version, TEXT=_name(operation), **wanted,
            APPRAISEES=[self._party(person)], APPRAISERS=[self._party(self._appraiser(operation))],
        )  # fmt: skip
        return f"{person}/{answer['APPRAISAL_ID']}"

    def _update(self, session: RfcSession, operation: Operation, key: str) -> None:
        there = self._detail(session, key) or {}
        wanted = given(operation)
        for name in FIXED:
            if name in wanted and not same(wanted[name], there.get(name)):
                raise cannot(
                    CHANGE, f"{name} of an appraisal stays as it was made", code="FIELD_FIXED", field=name,
                    cure="withdraw it and send another one",
                )  # fmt: skip
        which: dict[str, Any] = {"PLAN_VERSION": self.config.plan_version, "APPRAISAL_ID": key}
        session.change(CHANGE, **which, TEXT=_name(operation))
        status = wanted.get("APPRAISALSTATUS")
        if status is not None and not same(status, there.get("APPRAISALSTATUS")):
            session.change(STATUS, **which, STATUS=status)

    def _detail(self, session: RfcSession, key: str) -> Document | None:
        answer = session.read(DETAIL, PLAN_VERSION=self.config.plan_version, APPRAISAL_ID=key)
        if answer is None:
            return None
        head, n = answer["APPRAISAL"], self.names
        appraisees, appraisers = answer["APPRAISEES"], answer["APPRAISERS"]
        return {
            "APPRAISEE": appraisees[0][n.party_id] if appraisees else None,
            "APPRAISER": appraisers[0][n.party_id] if appraisers else None,
            "APPRAISAL_MODEL_ID": head[n.model], "START_DATE": head[n.start], "END_DATE": head[n.end],
            "TEXT": str(head[n.text])[17:] or None, "APPRAISALSTATUS": head[n.status],
        }  # fmt: skip

    def _party(self, person: str) -> Document:
        n = self.names
        return {n.party_plan_version: self.config.plan_version, n.party_type: "P", n.party_id: person}

    def _appraiser(self, operation: Operation) -> str:
        said = str(operation.document.get("APPRAISER") or self.config.appraiser)
        if not said:
            raise cannot(
                CREATE, "nobody is named as appraiser", code="FIELD_REQUIRED", field="APPRAISER",
                cure="set `appraiser` of the connection, or APPRAISER in the mapping",
            )  # fmt: skip
        return said.zfill(8)


def _name(operation: Operation) -> str:
    return f"{operation.reference} {operation.document.get('TEXT') or ''}".rstrip()
