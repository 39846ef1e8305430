"""The target: records of configured archives in bulk, each under our reference, with an outcome of its own.

Every record of a save carries `resubmitCheckKey` (at most 32 characters): the platform does the same key once.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from trivet.contract import Services
from trivet.errors import Rejected, UnknownOutcome
from trivet.model import Confirmed, Document, Found, Operation, Outcome

from .config import ArchiveConfig, BipConfig
from .wire import NAME, Wire

MAX_OPS = 50
_SEARCHED = 100
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]00:00:00(\.0+)?")


class BipTarget:
    """See `trivet.contract.Target`. Documents carry the archive's own fields, dates as `YYYY-MM-DD`."""

    def __init__(self, config: BipConfig, services: Services) -> None:
        self.config = config
        self.wire = Wire(NAME, config, services)

    def check(self) -> None:
        """Gets a token and asks every configured archive for nothing."""
        for name, archive in self.config.archives.items():
            list(self._rows(f"find {name}", archive, ["TRIVET-CHECK"]))

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """See `Target`."""
        entity = operations[0].entity
        archive = self._archive("send", entity)
        if operations[0].kind == "delete":
            return self._deleted(entity, archive, operations)
        return self._saved(entity, archive, operations)

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """See `Target`."""
        archive = self._archive("find", entity)
        found: dict[str, list[Found]] = {}
        for start in range(0, len(operations), _SEARCHED):
            asked = {one.reference: one for one in operations[start : start + _SEARCHED]}
            for row in self._rows(f"find {entity}", archive, list(asked)):
                operation = asked.get(str(row.get(archive.reference)))
                if operation is not None:
                    found.setdefault(operation.reference, []).append(_found(operation, row))
        return found

    def _archive(self, operation: str, entity: str) -> ArchiveConfig:
        archive = self.config.archives.get(entity)
        if archive is None:
            raise self.wire.not_configured(operation, f"archive {entity} is not configured", "archives")
        return archive

    def _rows(self, operation: str, archive: ArchiveConfig, references: list[str]) -> Iterator[Document]:
        asked = [{"field": archive.reference, "op": "in", "value1": references}]
        size, page = self.config.page_size, 1
        while True:
            body = {"pageIndex": page, "pageSize": size, "simpleVOs": asked}
            rows, _ = self.wire.page(operation, archive.list, body)
            yield from rows
            if len(rows) < size:
                return
            page += 1

    def _saved(
        self, entity: str, archive: ArchiveConfig, operations: Sequence[Operation]
    ) -> Sequence[Outcome]:
        said = f"batchSave {entity}"
        # an update without its id would make a second record
        ids = self._ids(entity, [o for o in operations if o.kind == "update"])
        gone: dict[str, Outcome] = {
            o.reference: Rejected("the record is gone", connector=NAME, operation=said, vendor_code="GONE")
            for o in operations
            if o.kind == "update" and o.reference not in ids
        }
        going = [o for o in operations if o.reference not in gone]
        if not going:
            return [gone[o.reference] for o in operations]
        body = {"data": [_record(archive, o, ids.get(o.reference, [None])[0]) for o in going]}
        data = self.wire.write(said, archive.save, body).get("data")
        outcomes = gone | _judged(said, archive, going, data)
        return [outcomes[o.reference] for o in operations]

    def _deleted(
        self, entity: str, archive: ArchiveConfig, operations: Sequence[Operation]
    ) -> Sequence[Outcome]:
        said = f"batchDelete {entity}"
        there = self._ids(entity, operations)
        words = ""
        if there:
            rows = [{"id": key, archive.reference: ref} for ref, keys in there.items() for key in keys]
            data = self.wire.write(said, archive.delete, {"data": rows}).get("data")
            words = _messages(data)
            # the answer counts what failed and does not say which
            failed = data.get("failCount") if isinstance(data, dict) else None
            there = {} if str(failed) == "0" else self._ids(entity, operations)
        stays = Rejected(
            words or "the record stays", connector=NAME, operation=said, vendor_code="NOT_DELETED"
        )
        return [stays if o.reference in there else Confirmed(o.remote_id) for o in operations]

    def _ids(self, entity: str, operations: Sequence[Operation]) -> dict[str, list[str]]:
        """The ids of the records that are there, by reference."""
        bare = [replace(o, document={}) for o in operations]
        return {
            reference: [one.remote_id for one in found]
            for reference, found in self.find(entity, bare).items()
        }


@contextmanager
def open_target(config: BipConfig, services: Services) -> Iterator[BipTarget]:
    """The target, closed on leaving."""
    target = BipTarget(config, services)
    with target.wire.http:
        yield target


def _record(archive: ArchiveConfig, operation: Operation, key: str | None) -> Document:
    head: Document = {"resubmitCheckKey": operation.key, archive.reference: operation.reference}
    if key is not None:
        head["id"] = key
    return {**head, "_status": "Update" if key is not None else "Insert", **operation.document}


def _judged(
    said: str, archive: ArchiveConfig, operations: Sequence[Operation], data: Any
) -> dict[str, Outcome]:
    """What the answer says of each; what it does not name is unknown."""
    outcomes: dict[str, Outcome] = {
        o.reference: UnknownOutcome("the answer does not name this record", connector=NAME, operation=said)
        for o in operations
    }
    sent = {o.reference: o for o in operations}
    for row in _entries(data, "infos"):
        reference = str(row.get(archive.reference))
        if reference in sent and row.get("id"):
            outcomes[reference] = Confirmed(str(row["id"]))
    for row in _entries(data, "IntegrationFailMessage"):
        reference = str(row.get(archive.reference))
        if reference in sent:
            text = str(row.get("message") or "refused")[:300]
            field = next((name for name in sent[reference].document if name in text), None)
            outcomes[reference] = Rejected(
                text, connector=NAME, operation=said, vendor_code="IntegrationFailMessage", field=field
            )
    return outcomes


def _entries(data: Any, name: str) -> list[Document]:
    found = data.get(name) if isinstance(data, dict) else None
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _messages(data: Any) -> str:
    """The words of a delete: texts, or objects with one."""
    found = data.get("messages") if isinstance(data, dict) else None
    texts = (
        [row.get("message") if isinstance(row, dict) else row for row in found]
        if isinstance(found, list)
        else []
    )
    return "; ".join(text for text in texts if isinstance(text, str) and text)[:300]


def _found(operation: Operation, row: Document) -> Found:
    document = {name: _day(row[name]) for name in operation.document if row.get(name) is not None}
    version = row.get("pubts")
    return Found(str(row.get("id")), document, str(version) if version else None)


def _day(value: Any) -> Any:
    # a date comes back as the midnight of its day
    match = _MIDNIGHT.fullmatch(value) if isinstance(value, str) else None
    return match[1] if match else value
