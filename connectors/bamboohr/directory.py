"""Employees with their numbers and days, by the vendor's feed of changes.

The directory that employees see holds neither numbers nor days, and only who is active: the feed names everybody whose record
changed since a moment, those who were deleted as well, and each is read by the fields that matter. The feed's moments are in
seconds; it is asked from a minute before the last one.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from trivet.contract import Services, instant, position
from trivet.model import Cursor, Document, Gone, Page, Record

from .config import BambooHrConfig
from .wire import NAME, Wire, record

STREAMS = ("employees",)
FIELDS = (
    "employeeNumber", "firstName", "lastName", "preferredName", "homeEmail", "workEmail", "mobilePhone", "homePhone", "status",
    "hireDate", "terminationDate", "jobTitle", "department", "division", "location",
)  # fmt: skip
OVERLAP = timedelta(seconds=60)
EVER = "1970-01-01T00:00:00Z"


class BambooHrDirectory:
    """See `trivet.contract.Directory` and `Focused`."""

    def __init__(self, config: BambooHrConfig, services: Services) -> None:
        self.wire, self.services = Wire(config, services), services
        self.page_size = config.page_size

    def check(self) -> None:
        """Reads who changed since yesterday, and one of them with all fields."""
        yesterday = self.services.now() - timedelta(days=1)
        for row in self._changed(_text(yesterday))[:1]:
            self._employee(row["id"])

    def pages(self, stream: str, since: Cursor | None) -> Iterator[Page]:
        """See `Source`."""
        start = position(since, NAME, stream, _from)
        rows = self._changed(_text(datetime.fromisoformat(start) - OVERLAP) if start else EVER)
        for begin in range(0, len(rows), self.page_size):
            part = rows[begin : begin + self.page_size]
            gone = tuple(Gone(row["id"], "deleted") for row in part if row["action"] == "Deleted")
            read = [self._employee(row["id"]) for row in part if row["action"] != "Deleted"]
            cursor = Cursor(json.dumps({"from": part[-1]["lastChanged"]}))
            yield Page(tuple(record(employee) for employee in read if employee is not None), cursor, gone)

    def around(self, stream: str, external_ids: Sequence[str]) -> Iterator[tuple[str, tuple[Record, ...]]]:
        """See `Focused`; these employees and nobody else."""
        read = [self._employee(name) for name in dict.fromkeys(external_ids) if name.isdecimal()]
        yield stream, tuple(record(employee) for employee in read if employee is not None)

    def _changed(self, since: str) -> list[Document]:
        operation = "list changed employees"
        said = self.wire.read(operation, "/api/v1/employees/changed", {"since": since, "type": "all"})
        found = said.get("employees") if isinstance(said, dict) else None
        # an empty map comes as an empty list where a language makes no difference
        rows = list(found.values()) if isinstance(found, dict) else found
        if not isinstance(rows, list) or not all(_is_change(row) for row in rows):
            raise self.wire.malformed(operation, "the answer is no map of changes")
        return sorted(rows, key=lambda row: (row["lastChanged"], row["id"]))

    def _employee(self, name: str) -> Document | None:
        said = self.wire.found("get employee", f"/api/v1/employees/{name}", {"fields": ",".join(FIELDS)})
        if said is not None and str(said.get("id")) != name:
            raise self.wire.malformed("get employee", "the answer is no employee")
        return said


@contextmanager
def open_directory(config: BambooHrConfig, services: Services) -> Iterator[BambooHrDirectory]:
    """The directory, closed on leaving."""
    directory = BambooHrDirectory(config, services)
    with directory.wire.http:
        yield directory


def _from(said: Document) -> str:
    moment = instant(said["from"])
    if not moment or datetime.fromisoformat(moment).tzinfo is None:
        raise ValueError("no moment")
    return moment


def _is_change(row: object) -> bool:
    if not isinstance(row, dict) or not isinstance(row.get("id"), str) or not row["id"].isdecimal():
        return False
    try:
        _from({"from": row.get("lastChanged")})
    except (TypeError, ValueError):
        return False
    return row.get("action") in ("Inserted", "Updated", "Deleted")


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
