"""The old appraisal system. Its functions tell of errors with messages of TYPE 'S', as their documentation lists them."""

import time
from functools import partial

from ..store import Json
from .system import Handler, View, bapireturn1, person

TEXTS = {"01": "In preparation", "02": "In process", "03": "Completed", "04": "Approved", "05": "Rejected"}
MOVES = {"01": ("02",), "02": ("03",), "03": ("02", "04", "05"), "05": ("02",)}
said = partial(bapireturn1, "S")
DONE = ("600", "Successfully completed")
GONE = ("619", "No data found for entries made")


def create(view: View, given: Json) -> Json:
    """BAPI_APPRAISAL_CREATE."""
    parties = {name: given.get(name) or [] for name in ("APPRAISERS", "APPRAISEES")}
    if not given.get("TEXT"):
        return said("629", "Please enter an appraisal text")
    if not parties["APPRAISERS"]:
        return said("630", "Please specify an appraiser")
    if not parties["APPRAISEES"]:
        return said("631", "Please specify an appraisee")
    for number, name in (("649", "APPRAISERS"), ("650", "APPRAISEES")):
        for row in parties[name]:
            if row.get("TYPE") != "P" or person(view, row.get("ID", "")) is None:
                return said(number, f"{name[:-1].capitalize()} & not defined in system", row.get("ID", ""))
    if view.get("appraisal_model", given["APPRAISAL_MODEL_ID"]) is None:
        return said("619", "No data found for entries made (&)", given["APPRAISAL_MODEL_ID"])
    if not "00000000" < given["START_DATE"] <= given["END_DATE"]:
        return said("633", "You have entered an invalid date")
    key = str(view.store.next_number("appraisal", 50020001))
    view.put("appraisal", key, {
        "ID": key, "TEXT": given["TEXT"], "MODEL_ID": given["APPRAISAL_MODEL_ID"], "START_DATE": given["START_DATE"],
        "END_DATE": given["END_DATE"], "STATUS": given["APPRAISALSTATUS"],
        "CREATION_DATE": given.get("CREATION_DATE") or time.strftime("%Y%m%d"), **parties,
    })  # fmt: skip
    return {**said(*DONE), "APPRAISAL_ID": key}


def change(view: View, given: Json) -> Json:
    """BAPI_APPRAISAL_CHANGE: what stays out keeps its value."""
    row = view.get("appraisal", given["APPRAISAL_ID"])
    if row is None:
        return said(*GONE)
    if row["STATUS"] not in ("01", "02"):
        return said("652", "Appraisal has already been given the status 'Completed'")
    named = {name: given[name] for name in ("TEXT", "APPRAISERS", "APPRAISEES") if given.get(name)}
    view.put("appraisal", given["APPRAISAL_ID"], {**row, **named})
    return said(*DONE)


def move(view: View, given: Json) -> Json:
    """BAPI_APPRAISAL_STATUS_CHANGE."""
    row = view.get("appraisal", given["APPRAISAL_ID"])
    if row is None:
        return said("627", "Unable to find an appraisal on the basis of the data specified")
    if given["STATUS"] not in MOVES.get(row["STATUS"], ()):
        return said("643", "Status of appraisal is not 'In process'")
    view.put("appraisal", given["APPRAISAL_ID"], {**row, "STATUS": given["STATUS"]})
    return {**said(*DONE), "STATUS_TEXT": TEXTS[given["STATUS"]]}


def delete(view: View, given: Json) -> Json:
    """BAPI_APPRAISAL_DELETE; this customer's settings keep what is completed."""
    row = view.get("appraisal", given["APPRAISAL_ID"])
    if row is None:
        return said(*GONE)
    if row["STATUS"] not in ("01", "02"):
        return said("612", "Other error")
    view.delete("appraisal", given["APPRAISAL_ID"])
    return {**said(*DONE), "APPRAISAL_TEXT": row["TEXT"]}


def listed(view: View, given: Json) -> Json:
    """BAPI_APPRAISAL_GETLIST, of these appraisees."""
    wanted = {person(view, row.get("ID", "")) for row in given.get("APPRAISEES") or []}
    rows = [
        {"PLAN_VERSION": given["PLAN_VERSION"], **body, "STATUS_TEXT": TEXTS[body["STATUS"]]}
        for _, body in view.all("appraisal")
        if not wanted or wanted & {person(view, row["ID"]) for row in body["APPRAISEES"]}
    ]
    if not rows:
        return said("627", "Unable to find an appraisal on the basis of the data specified")
    return {**said(*DONE), "APPRAISALS": rows}


def detail(view: View, given: Json) -> Json:
    """BAPI_APPRAISAL_GETDETAIL."""
    row = view.get("appraisal", given["APPRAISAL_ID"])
    if row is None:
        return said("627", "Unable to find an appraisal on the basis of the data specified")
    head = {"PLAN_VERSION": given["PLAN_VERSION"], **row, "STATUS_TEXT": TEXTS[row["STATUS"]]}
    return {
        **said(*DONE),
        "APPRAISAL": head,
        "APPRAISERS": row["APPRAISERS"],
        "APPRAISEES": row["APPRAISEES"],
    }


APPRAISALS: dict[str, Handler] = {
    "BAPI_APPRAISAL_CREATE": create,
    "BAPI_APPRAISAL_CHANGE": change,
    "BAPI_APPRAISAL_STATUS_CHANGE": move,
    "BAPI_APPRAISAL_DELETE": delete,
    "BAPI_APPRAISAL_GETLIST": listed,
    "BAPI_APPRAISAL_GETDETAIL": detail,
}
