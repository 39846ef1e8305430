"""The report as a text file of the opportunity, named by our reference.

Lever changes no file: an update uploads the new one and deletes the old one. Between the two both are there; a run that dies
then leaves the choice to a person.
"""

import re
from collections.abc import Iterator
from typing import Any

from trivet.errors import Rejected
from trivet.model import Confirmed, Found, Operation

from .wire import NAME, Wire, absent

REPORT = "report"
FIELDS = ("opportunity_id", "text")
MOST_BYTES = 30 * 1024 * 1024
_NAME = re.compile(r"trivet-report-([A-Z2-7]{16})\.txt")


def is_report(name: Any) -> bool:
    """Whether a file is one of our reports, by its name."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


class Reports:
    """The entity `report` {opportunity_id, text}."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def create(self, opportunity: str, operation: Operation) -> Confirmed:
        """A new file."""
        content = str(operation.document["text"]).encode()
        if len(content) > MOST_BYTES:
            raise Rejected(
                "Lever takes files of up to 30 MB", connector=NAME, operation="create report", vendor_code="FIELD_LENGTH",
                field="text",
            )  # fmt: skip
        file = (f"trivet-report-{operation.reference}.txt", content, "text/plain")
        made = self.wire.write(
            "create report", "POST", f"/opportunities/{opportunity}/files", files={"file": file}
        )
        return Confirmed(f"{opportunity}/{made['id']}" if made.get("id") else None)

    def update(self, opportunity: str, name: str, operation: Operation) -> Confirmed:
        """A new file in place of the old one."""
        made = self.create(opportunity, operation)
        try:
            self.delete(opportunity, name)
        except Rejected as error:
            if not absent(error):
                raise
        return made

    def delete(self, opportunity: str, name: str) -> None:
        """The file."""
        self.wire.write("delete report", "DELETE", f"/opportunities/{opportunity}/files/{name}")

    def find(self, opportunity: str) -> Iterator[tuple[str, Found]]:
        """Our reports of the opportunity with their references."""
        path = f"/opportunities/{opportunity}/files"
        try:
            files = self.wire.every("list reports", path)
        except Rejected as error:
            if not absent(error):
                raise
            return
        for file in files:
            match = _NAME.fullmatch(str(file.get("name")))
            if match:
                text = self.wire.text("read report", f"{path}/{file['id']}/download")
                yield (
                    match[1],
                    Found(f"{opportunity}/{file['id']}", {"opportunity_id": opportunity, "text": text}),
                )
