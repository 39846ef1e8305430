"""Personnel development: the qualifications catalogue, and people's profiles with rows that delimit one another."""

from datetime import date, timedelta

from ..store import Json
from .system import Handler, View, bapireturn1, person

SCALE = range(1, 6)
_DONE = ("S", "600", "Successfully completed")


def catalogue(view: View, given: Json) -> Json:
    """BAPI_QUALIDIRECTORY_LIST: the tree from a node on, DEPTH levels of it, 0 for all."""
    nodes = [{"OTYPE": "QK", "OBJID": k, **b} for k, b in view.all("catalogue_qk")]
    nodes += [{"OTYPE": "Q", "OBJID": k, **b} for k, b in view.all("catalogue_q")]
    depth, root = int(given.get("DEPTH") or 0), given.get("OBJID") or "00000000"
    rows: list[Json] = []
    level, parents = 1, {root}
    while parents and (depth == 0 or level <= depth):
        children = [node for node in nodes if node["PUP_OBJID"] in parents]
        rows += [{**node, "LEVEL": level} for node in children]
        level, parents = level + 1, {node["OBJID"] for node in children if node["OTYPE"] == "QK"}
    if not rows:
        return bapireturn1("E", "622", "Unable to find a root object for the object type specified")
    return {**bapireturn1(*_DONE), "QUALIFICATIONDIRECTORY": rows}


def profile(view: View, given: Json) -> Json:
    """BAPI_QUALIFIC_GETLIST."""
    who = person(view, given["SOBID"])
    if who is None:
        return bapireturn1("E", "606", "Object & does not exist", given["SOBID"])
    low, high = given["FROM_DATE"], given["TO_DATE"]
    rows = [_told(view, row) for row in _rows(view, who) if row["BEGDA"] <= high and row["ENDDA"] >= low]
    if not rows:
        return bapireturn1("E", "619", "No data found for entries made")
    return {**bapireturn1(*_DONE), "QUALIFICATIONPROFILE": rows}


def change(view: View, given: Json) -> Json:
    """BAPI_QUALIPROF_CHANGE: deletes, then adds; an overlapping row of the same qualification is delimited (S602)."""
    who = person(view, given["SOBID"])
    if given["OTYPE"] != "P":
        return bapireturn1("E", "605", "Invalid object type")
    if who is None:
        return bapireturn1("E", "606", "Object & does not exist", given["SOBID"])
    for row in given.get("PROFILE_DELETE") or []:
        key = f"{who}/{row.get('OBJ_ID')}/{row.get('BEGDA')}"
        if view.get("qualification", key) is None:
            return {**bapireturn1("E", "615", "Nothing to be deleted"), "ERR_PROFILE": [row]}
        view.delete("qualification", key)
    cut: list[Json] = []
    for row in given.get("PROFILE_ADD") or []:
        wrong = _wrong(view, row)
        if wrong:
            return {**wrong, "ERR_PROFILE": [row]}
        cut += _delimit(view, who, row)
        new = {"PERSON": who, **{name: row[name] for name in ("OBJ_ID", "BEGDA", "ENDDA", "RATING")}}
        view.put("qualification", f"{who}/{row['OBJ_ID']}/{row['BEGDA']}", new)
    said = ("S", "602", "Qualifications were delimited automatically - action successful") if cut else _DONE
    return {**bapireturn1(*said), "CHANGE_PROFILE": [_told(view, row) for row in cut]}


def _wrong(view: View, row: Json) -> Json | None:
    begin, end = row.get("BEGDA", "00000000"), row.get("ENDDA", "00000000")
    if view.get("catalogue_q", str(row.get("OBJ_ID"))) is None:
        return bapireturn1("E", "606", "Object & does not exist", str(row.get("OBJ_ID")))
    if "00000000" in (begin, end):
        return bapireturn1("E", "613", "No start or end date")
    if begin > end:
        return bapireturn1("E", "609", "Invalid relationship period")
    if int(row.get("RATING") or 0) not in SCALE:
        return bapireturn1("E", "610", "Invalid proficiency &", str(row.get("RATING")))
    return None


def _delimit(view: View, who: str, new: Json) -> list[Json]:
    """The rows that had to make room, as they are now."""
    cut = []
    for row in [r for r in _rows(view, who) if r["OBJ_ID"] == new["OBJ_ID"]]:
        if row["ENDDA"] < new["BEGDA"] or row["BEGDA"] > new["ENDDA"]:
            continue
        view.delete("qualification", f"{who}/{row['OBJ_ID']}/{row['BEGDA']}")
        pieces = []
        if row["BEGDA"] < new["BEGDA"]:
            pieces.append({**row, "ENDDA": _day(new["BEGDA"], -1)})
        if row["ENDDA"] > new["ENDDA"]:
            pieces.append({**row, "BEGDA": _day(new["ENDDA"], 1)})
        for piece in pieces:
            view.put("qualification", f"{who}/{piece['OBJ_ID']}/{piece['BEGDA']}", piece)
        cut += pieces
    return cut


def _rows(view: View, who: str) -> list[Json]:
    return [body for _, body in view.all("qualification") if body["PERSON"] == who]


def _told(view: View, row: Json) -> Json:
    named = view.get("catalogue_q", row["OBJ_ID"]) or {}
    return {
        **{k: v for k, v in row.items() if k != "PERSON"},
        "STEXT": named.get("STEXT", ""),
        "USER_NAME": "TRIVET",
    }


def _day(text: str, days: int) -> str:
    return (date.fromisoformat(text) + timedelta(days)).strftime("%Y%m%d")


PROFILES: dict[str, Handler] = {
    "BAPI_QUALIDIRECTORY_LIST": catalogue,
    "BAPI_QUALIFIC_GETLIST": profile,
    "BAPI_QUALIPROF_CHANGE": change,
}
