"""Bookings of a business event, and prebookings of a business event type: a recommended course that has no date yet.

Neither has a field for our reference. A booking is known by its person and event, a prebooking by its person and event type:
`find` tells whether that booking is there, whoever made it. A person who is booked already is refused by the system, so one
of ours is confirmed by its own answer; after a lost answer a booking that somebody else made at that moment would pass for
ours. The list shows no event type of a booking: what was sent is taken for it.
"""

from collections.abc import Mapping
from typing import ClassVar

from trivet.model import Document, Found, Operation

from .config import SapRfcConfig
from .sent import as_sent, cannot, given, same
from .session import RfcSession

BOOK, CANCEL, BOOKED = "BAPI_BOOK_ATTENDANCE", "BAPI_DELETE_ATTENDANCE", "BAPI_ATTENDEE_BOOK_LIST"
PREBOOK, PREBOOKED = "BAPI_PREBOOK_ATTENDANCE", "BAPI_ATTENDEE_PREBOOK_LIST"
COURSES = "BAPI_GET_EVENTTYPE_FOR_QUALIF"
FROM, TO = "19000101", "99991231"


class Bookings:
    """Entity `booking`: ATTENDEEID, EVENTID, EVENTTYPEID, ATTENDANCE_PRIORITY, ATTENDANCE_COUNT as BAPI_BOOK_ATTENDANCE has
    them. A change is a cancellation and a new booking in one unit of work."""

    functions = (BOOK, CANCEL, BOOKED)
    person = "ATTENDEEID"
    fields: ClassVar[Mapping[str, str]] = {"NUMBER": "ATTENDEEID"}

    def __init__(self, config: SapRfcConfig) -> None:
        self.config, self.names = config, config.fields.booking

    def send(self, session: RfcSession, operation: Operation) -> str | None:
        """See `Entity`."""
        if operation.kind != "create":
            person, event, course = (operation.remote_id or "//").split("/")
            if any(same(event, row[self.names.event]) for row in self._rows(session, person)):
                who = self._who(person)
                session.change(CANCEL, EVENTID=event, EVENTTYPEID=course, **who)
        if operation.kind == "delete":
            return operation.remote_id
        person = str(operation.document.get("ATTENDEEID") or "").zfill(8)
        wanted = given(operation, "ATTENDEEID")
        session.change(BOOK, **self._who(person), **wanted)
        return f"{person}/{str(wanted['EVENTID']).zfill(8)}/{str(wanted['EVENTTYPEID']).zfill(8)}"

    def find(self, session: RfcSession, person: str, operations: list[Operation]) -> dict[str, list[Found]]:
        """See `Entity`."""
        rows = self._rows(session, person)
        found: dict[str, list[Found]] = {}
        for operation in operations:
            known = (operation.remote_id or "").split("/")
            event, course = (operation.document.get(name) for name in ("EVENTID", "EVENTTYPEID"))
            sought = {str(key).zfill(8) for key in (event, *known[1:2]) if key}
            for row in rows:
                key = str(row[self.names.event]).zfill(8)
                if key in sought:
                    kind = str(course).zfill(8) if course and same(event, key) else known[-1]
                    there = {
                        "ATTENDEEID": person, "EVENTID": key, "EVENTTYPEID": kind,
                        "ATTENDANCE_PRIORITY": row[self.names.priority], "ATTENDANCE_COUNT": row[self.names.count],
                    }  # fmt: skip
                    one = Found(f"{person}/{key}/{kind}", as_sent(operation.document, there))
                    found.setdefault(operation.reference, []).append(one)
        return found

    def _rows(self, session: RfcSession, person: str) -> list[Document]:
        # without dates the list ends today
        answer = session.read(
            BOOKED, OBJID=person, OTYPE="P", PLVAR=self.config.plan_version, BEGIN_DATE=FROM, END_DATE=TO
        )
        rows: list[Document] = answer["ATTENDEE_BOOK_LIST"] if answer else []
        return [row for row in rows if row.get(self.names.deleted) != "X"]

    def _who(self, person: str) -> Document:
        return {"ATTENDEEID": person, "ATTENDEETYPE": "P", "PLVAR": self.config.plan_version}


class Prebookings:
    """Entity `prebooking`: ATTENDEEID, BEGIN_DATE, END_DATE, PREBOOK_PRIORITY, PREBOOK_COUNT as BAPI_PREBOOK_ATTENDANCE has
    them, and either EVENTTYPEID or QUALIFICATION_ID: then the one course is taken that imparts the qualification.

    There is no function that deletes a prebooking: taking one back is refused, a person does it (transaction PV08).
    """

    functions = (PREBOOK, PREBOOKED, COURSES)
    person = "ATTENDEEID"
    fields: ClassVar[Mapping[str, str]] = {"NUMBER": "ATTENDEEID"}

    def __init__(self, config: SapRfcConfig) -> None:
        self.config, self.names = config, config.fields.prebooking

    def send(self, session: RfcSession, operation: Operation) -> str | None:
        """See `Entity`."""
        if operation.kind != "create":
            return self._not_changed(session, operation)
        person = str(operation.document.get("ATTENDEEID") or "").zfill(8)
        wanted = given(operation, "ATTENDEEID")
        if "QUALIFICATION_ID" in wanted:
            wanted["EVENTTYPEID"] = self._course(session, str(wanted.pop("QUALIFICATION_ID")))
        session.change(PREBOOK, ATTENDEEID=person, ATTENDEETYPE="P", PLVAR=self.config.plan_version, **wanted)
        return f"{person}/{str(wanted['EVENTTYPEID']).zfill(8)}"

    def find(self, session: RfcSession, person: str, operations: list[Operation]) -> dict[str, list[Found]]:
        """See `Entity`."""
        rows = self._rows(session, person)
        imparting: dict[str, list[str]] = {}
        found: dict[str, list[Found]] = {}
        for operation in operations:
            sought = {key.zfill(8) for key in (operation.remote_id or "").split("/")[1:]}
            quali = str(operation.document.get("QUALIFICATION_ID") or "")
            if operation.document.get("EVENTTYPEID"):
                sought.add(str(operation.document["EVENTTYPEID"]).zfill(8))
            elif quali and not sought:
                imparting[quali] = imparting.get(quali) or courses(session, self.config, quali)
                sought.update(imparting[quali])
            for row in rows:
                key = str(row[self.names.event_type]).zfill(8)
                if key in sought:
                    there = {
                        "ATTENDEEID": person, "EVENTTYPEID": key, "BEGIN_DATE": row[self.names.begin],
                        "END_DATE": row[self.names.end], "PREBOOK_PRIORITY": row[self.names.priority],
                        "PREBOOK_COUNT": row[self.names.count], **({"QUALIFICATION_ID": quali} if quali else {}),
                    }  # fmt: skip
                    one = Found(f"{person}/{key}", as_sent(operation.document, there))
                    found.setdefault(operation.reference, []).append(one)
        return found

    def _course(self, session: RfcSession, qualification: str) -> str:
        imparting = courses(session, self.config, qualification)
        if len(imparting) != 1:
            raise cannot(
                COURSES, f"{len(imparting)} courses impart this qualification",
                code="COURSE_AMBIGUOUS" if imparting else "NO_COURSE",
                field="QUALIFICATION_ID", cure="name the course by EVENTTYPEID in the mapping",
            )  # fmt: skip
        return imparting[0]

    def _not_changed(self, session: RfcSession, operation: Operation) -> str | None:
        person, course = (operation.remote_id or "/").split("/")
        there = any(same(course, row[self.names.event_type]) for row in self._rows(session, person))
        if operation.kind == "delete" and not there:
            return operation.remote_id
        raise cannot(
            PREBOOK, "no function takes a prebooking back or changes it", code="PREBOOKING_FINAL",
            cure="delete it in transaction PV08, or use entity booking, which can be cancelled",
        )  # fmt: skip

    def _rows(self, session: RfcSession, person: str) -> list[Document]:
        answer = session.read(
            PREBOOKED, OBJID=person, OTYPE="P", PLVAR=self.config.plan_version, BEGIN_DATE=FROM, END_DATE=TO
        )
        rows: list[Document] = answer["ATTENDEE_PREBOOK_LIST"] if answer else []
        return rows


def courses(session: RfcSession, config: SapRfcConfig, qualification: str) -> list[str]:
    """Object ids of the business event types that impart the qualification."""
    answer = session.read(COURSES, PLVAR=config.plan_version, QUALIFICATION_ID=qualification, IMPART="X")
    rows: list[Document] = answer["EVENTTYPE_LIST"] if answer else []
    return [str(row[config.fields.catalogue.event_type]).zfill(8) for row in rows]
