"""What becomes of people: training records and performance goals, with the shapes that the specification gives each answer."""

from datetime import UTC, datetime

from ..server import Answer, Request
from ..store import Json, Store
from .seed import FIRST

MOST_GOALS = 50
GOAL_FIELDS = (
    "title",
    "description",
    "dueDate",
    "percentComplete",
    "completionDate",
    "sharedWithEmployeeIds",
)


class Invalid(Exception):
    """HTTP 400 with this text."""


def training_types(store: Store) -> Answer:
    """Keyed by id."""
    return Answer(dict(store.all("training_types")))


def records_of(store: Store, request: Request) -> Answer:
    """Keyed by id, or an empty list where there is none."""
    wanted = request.query.get("type")
    rows = {
        str(row["id"]): {**row, "type": str(row["type"])}
        for row in store.owned("training", "employeeId", request.params["employee"])
        if wanted in (None, str(row["type"]))
    }
    return Answer(rows or [])


def create_record(store: Store, request: Request) -> Answer:
    """The record as it was made, its type a number."""
    said, employee = request.json(), request.params["employee"]
    if store.get("training_types", str(said.get("type"))) is None:
        raise Invalid("Invalid training type")
    number = store.next_number("training", FIRST["training"])
    body = {"id": number, "employeeId": employee, "type": int(said["type"]), **_record(said)}
    store.put("training", str(number), body)
    return Answer(body, 201)


def update_record(store: Store, request: Request) -> Answer | None:
    """The record, its type a text."""
    body = store.get("training", request.params["id"])
    if body is None:
        return None
    body |= _record(request.json())
    store.put("training", request.params["id"], body)
    return Answer({**body, "type": str(body["type"])}, 201)


def _record(said: Json) -> Json:
    completed = said.get("completed")
    if not isinstance(completed, str) or not _is_day(completed):
        raise Invalid("completed must be in yyyy-mm-dd format")
    cost = said.get("cost")
    return {
        "completed": completed, "notes": said.get("notes"), "instructor": said.get("instructor"),
        "credits": _text(said.get("credits")), "hours": _text(said.get("hours")),
        "cost": f"{cost['amount']} {cost['currency']}" if cost else None,
    }  # fmt: skip


def goals_of(store: Store, request: Request) -> Answer:
    """At most fifty; closed ones only where they are asked for."""
    wanted = request.query.get("filter", "").removeprefix("status-")
    goals = [
        _shown(goal)
        for goal in store.owned("goals", "_employee", request.params["employee"])
        if wanted == "all"
        or (
            goal["status"] == {"inProgress": "in_progress"}.get(wanted, wanted)
            if wanted
            else goal["status"] != "closed"
        )
    ]
    return Answer({"goals": goals[:MOST_GOALS]})


def create_goal(store: Store, request: Request) -> Answer:
    """The new goal."""
    number = str(store.next_number("goals", FIRST["goals"]))
    goal = {
        "id": number,
        "alignsWithOptionId": None,
        "_employee": request.params["employee"],
        **_goal(request),
    }
    store.put("goals", number, goal)
    return Answer({"goal": _shown(goal)}, 201)


def update_goal(store: Store, request: Request) -> Answer | None:
    """The goal as it is now; what was not named has its default."""
    goal = store.get("goals", request.params["id"])
    if goal is None or goal["_employee"] != request.params["employee"]:
        return None
    goal |= _goal(request)
    store.put("goals", goal["id"], goal)
    return Answer({"goal": _shown(goal)})


def _goal(request: Request) -> Json:
    said = request.json()
    unknown = [
        name
        for name in said
        if name not in (*GOAL_FIELDS, "alignsWithOptionId", "milestones", "milestonesEnabled")
    ]
    shared = said.get("sharedWithEmployeeIds")
    if unknown or not said.get("title") or not isinstance(shared, list):
        raise Invalid("Invalid goal")
    if int(request.params["employee"]) not in shared or not _is_day(str(said.get("dueDate"))):
        raise Invalid("Invalid goal")
    done = said.get("percentComplete", 0)
    return {
        "title": said["title"], "description": said.get("description", ""), "dueDate": said["dueDate"], "percentComplete": done,
        "sharedWithEmployeeIds": shared, "completionDate": said.get("completionDate"),
        "status": "completed" if done == 100 else "in_progress", "lastChangedDateTime": _now(),
    }  # fmt: skip


def _shown(body: Json) -> Json:
    return {name: value for name, value in body.items() if not name.startswith("_")}


def _is_day(text: str) -> bool:
    try:
        return len(text) == 10 and bool(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC))
    except ValueError:
        return False


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
