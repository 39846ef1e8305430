"""Training and Event Management: courses for a qualification, bookings, prebookings."""

import time
from decimal import Decimal

from ..store import Json
from .system import Classic, Handler, View, bapireturn, person

CAPACITY = 20


def courses_for(view: View, given: Json) -> Json:
    """BAPI_GET_EVENTTYPE_FOR_QUALIF; without IMPART it lists what presupposes the qualification, which nothing does here."""
    wanted = given["QUALIFICATION_ID"]
    if view.get("catalogue_q", wanted) is None:
        return bapireturn("E", "PN002", "Object & does not exist", wanted)
    rows = [
        {"PLVAR": given["PLVAR"], "ETYID": key, **{n: body[n] for n in ("ETSHT", "ETSTX", "BEGDA", "ENDDA")}}
        for key, body in view.all("course")
        if given.get("IMPART") == "X" and wanted in body["imparts"]
    ]
    return {**bapireturn(), "EVENTTYPE_LIST": rows}


def book(view: View, given: Json) -> Json:
    """BAPI_BOOK_ATTENDANCE."""
    who, event = person(view, given["ATTENDEEID"]), view.get("event", given["EVENTID"])
    if given["ATTENDEETYPE"] != "P" or who is None:
        return bapireturn("E", "PN001", "Attendee & does not exist", given["ATTENDEEID"])
    if event is None or event["ETYID"] != given["EVENTTYPEID"]:
        return bapireturn("E", "PN003", "Business event & does not exist", given["EVENTID"])
    key = f"{who}/{given['EVENTID']}"
    if view.get("booking", key):
        return bapireturn(
            "E", "PN016", "Attendee & is already booked for business event &", who, given["EVENTID"]
        )
    if sum(body["EVEID"] == given["EVENTID"] for _, body in view.all("booking")) >= CAPACITY:
        return bapireturn("E", "PN020", "Business event & is fully booked", given["EVENTID"])
    view.put("booking", key, {
        "PARID": who, "EVEID": given["EVENTID"], "PRIOX": given.get("ATTENDANCE_PRIORITY") or "50", "MANZL": _count(given),
        "BUDAT": time.strftime("%Y%m%d"), "SEQNR": "000",
    })  # fmt: skip
    return bapireturn()


def cancel(view: View, given: Json) -> Json:
    """BAPI_DELETE_ATTENDANCE."""
    who = person(view, given["ATTENDEEID"])
    key = f"{who}/{given['EVENTID']}"
    if view.get("booking", key) is None:
        return bapireturn("E", "PN017", "Attendee & is not booked", given["ATTENDEEID"])
    view.delete("booking", key)
    return bapireturn()


def booked(view: View, given: Json) -> Json:
    """BAPI_ATTENDEE_BOOK_LIST; nothing there is an exception."""
    who = _attendee(view, given)
    rows = []
    for _, body in view.all("booking"):
        if body["PARID"] == who:
            event = view.get("event", body["EVEID"]) or {}
            rows.append({"PLVAR": "01", **{k: v for k, v in event.items() if k != "ETYID"}, **body})
    if not rows:
        raise Classic("NO_EVENTS")
    return {**bapireturn(), "ATTENDEE_BOOK_LIST": rows}


def prebook(view: View, given: Json) -> Json:
    """BAPI_PREBOOK_ATTENDANCE."""
    who, course = person(view, given["ATTENDEEID"]), view.get("course", given["EVENTTYPEID"])
    if given["ATTENDEETYPE"] != "P" or who is None:
        return bapireturn("E", "PN001", "Attendee & does not exist", given["ATTENDEEID"])
    if course is None:
        return bapireturn("E", "PN004", "Business event type & does not exist", given["EVENTTYPEID"])
    key = f"{who}/{given['EVENTTYPEID']}"
    if view.get("prebooking", key):
        return bapireturn("E", "PN018", "Attendee & is already prebooked for &", who, given["EVENTTYPEID"])
    view.put("prebooking", key, {
        "PARID": who, "ETYID": given["EVENTTYPEID"], "BEGDA": given.get("BEGIN_DATE") or time.strftime("%Y%m%d"),
        "ENDDA": given.get("END_DATE") or "99991231", "PRIOX": given.get("PREBOOK_PRIORITY") or "50",
        "MANZL": _count(given), "LANGU": given.get("PREBOOK_LANGUAGE", ""), "LOCID": given.get("PREBOOK_LOCATION", "00000000"),
    })  # fmt: skip
    return bapireturn()


def prebooked(view: View, given: Json) -> Json:
    """BAPI_ATTENDEE_PREBOOK_LIST."""
    who = _attendee(view, given)
    rows = [
        {"PLVAR": "01", **{k: v for k, v in (view.get("course", body["ETYID"]) or {}).items() if k in ("ETSHT", "ETSTX")}, **body}
        for _, body in view.all("prebooking")
        if body["PARID"] == who
    ]  # fmt: skip
    if not rows:
        raise Classic("NO_PREBOOK")
    return {**bapireturn(), "ATTENDEE_PREBOOK_LIST": rows}


def _attendee(view: View, given: Json) -> str:
    who = person(view, given["OBJID"])
    if given["OTYPE"] != "P" or who is None:
        raise Classic("NO_ROOT")
    return who


def _count(given: Json) -> str:
    asked = given.get("ATTENDANCE_COUNT") or given.get("PREBOOK_COUNT") or "0"
    return str(max(1, int(Decimal(asked))))


TRAINING: dict[str, Handler] = {
    "BAPI_GET_EVENTTYPE_FOR_QUALIF": courses_for,
    "BAPI_BOOK_ATTENDANCE": book,
    "BAPI_DELETE_ATTENDANCE": cancel,
    "BAPI_ATTENDEE_BOOK_LIST": booked,
    "BAPI_PREBOOK_ATTENDANCE": prebook,
    "BAPI_ATTENDEE_PREBOOK_LIST": prebooked,
}
