"""Mapping files for people: the versions in use and on the disk, releases, the last plan, a preview on a stored record."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from trivet.documents.redact import masked, pseudonymous
from trivet.errors import LedgerError, TrivetError
from trivet.flow.console.access import Visitor, flow_of_batch, sees_person
from trivet.flow.definition import load_flow
from trivet.flow.hub import Hub
from trivet.flow.workbench.preview import preview, stored_input
from trivet.ledger import releases
from trivet.ledger.ledger import Transaction
from trivet.ledger.releases import Release, ReleasePlan
from trivet.ledger.tables import document, operation, record
from trivet.mapping.files import mapping_files
from trivet.mapping.files import names as names_of

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class File:
    """One mapping or rules file of a flow."""

    name: str
    in_use: str
    """Version id; empty where no run used it yet."""
    on_disk: str
    problem: str = ""
    """Why it cannot be read."""

    @property
    def changed(self) -> bool:
        """What lies on the disk is not what runs use."""
        return bool(self.problem) or self.in_use != self.on_disk


@dataclass(frozen=True, slots=True)
class Versions:
    """The files of one flow."""

    flow: str
    mode: str
    """`files`: runs use what lies there; `applied`: the newest release."""
    files: tuple[File, ...]
    releases: tuple[Release, ...]
    plan: ReleasePlan | None
    applied: bool
    """The plan is the newest release."""


def of_flow(hub: Hub, flow_name: str) -> Versions:
    """The flow's files and releases."""
    flow = load_flow(hub.settings.home, flow_name)
    with hub.ledger.read() as tx:
        history = releases.history(tx, tenant=flow.tenant, flow=flow.name)
        plan = releases.newest_plan(tx, tenant=flow.tenant, flow=flow.name)
        used = history[0].versions if history else releases.last_used(tx, flow.mappings())
    return Versions(
        flow=flow.name,
        mode=flow.versions,
        files=tuple(_file(hub, name, used.get(name, "")) for name in flow.mappings()),
        releases=tuple(history),
        plan=plan,
        applied=bool(plan and history and history[0].plan_id == plan.id),
    )


def names(hub: Hub) -> list[str]:
    """Every mapping and rules file."""
    return sorted(names_of(hub.settings.home, mapping_files(hub.settings.home)))


def previewed(hub: Hub, who: Visitor, file: str, which: str) -> tuple[Row, str | None]:
    """What the file makes of what the ledger holds under the id, and whom it is about.

    Masked where the visitor may not see personal data; `LedgerError` RECORD_UNKNOWN where she may not know of it.
    """
    with hub.ledger.read() as tx:
        subject_ref, batch_id = _owner(tx, which)
        flow = flow_of_batch(tx, batch_id)
        seen = sees_person(tx, who, subject_ref) if subject_ref else who.may("view", flow)
        opened = (
            sees_person(tx, who, subject_ref, "personal_data")
            if subject_ref
            else who.may("personal_data", flow)
        )
    if batch_id is None or not seen:
        raise LedgerError("nothing is stored under that id", code="RECORD_UNKNOWN")
    given, system = stored_input(hub, which)
    shown = preview(hub.library, hub.contracts, file, given, system)
    if not opened:
        # of what a vendor's record holds no schema says what is personal
        shown["input"] = masked(given)
        shown["output"] = _masked(hub, file, shown["output"])
    return {**shown, "open": opened}, subject_ref


def _masked(hub: Hub, file: str, made: list[Any]) -> list[Any]:
    kind = hub.library.mapping(file).kind if hub.library.version(file).kind == "mapping" else ""
    return [
        pseudonymous(hub.contracts, kind, one) if kind in hub.contracts.schemas else masked(one)
        for one in made
    ]


def _file(hub: Hub, name: str, in_use: str) -> File:
    try:
        return File(name, in_use, hub.library.version(name).id)
    except TrivetError as error:
        return File(name, in_use, "", str(error))


def _owner(tx: Transaction, which: str) -> tuple[str | None, str | None]:
    """Whom it is about, and the batch that brought it."""
    for table, batch_id, named in (
        (record, record.c.batch_id, (record.c.id == which) | (record.c.external_id == which)),
        (operation, operation.c.batch_id, (operation.c.id == which) | (operation.c.reference == which)),
        (document, document.c.changed_batch, document.c.id == which),
    ):
        row = tx.conn.execute(select(table.c.subject_ref, batch_id).where(named).limit(1)).first()
        if row is not None:
            return row[0], row[1]
    return None, None
