"""Who may do what, and for which sites: `mappings/sites/access.yaml`, over the flows that belong to the sites.

    view            what happened, with people under their pseudonyms
    operate         retry, settle, correct, hold
    approve         be the second person
    personal_data   names, ids and documents; each opening is noted in the audit trail with the user's name

A right holds for sites; a flow belongs to the site that its file names, or to none. What belongs to none, or to a flow whose
file is gone, is for those whose right holds everywhere ("*").
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import ColumnElement, literal, select, true, union

from trivet.documents.yaml_file import load_yaml, read_yaml
from trivet.errors import ConfigError, LedgerError
from trivet.flow.definition import flow_files
from trivet.flow.hub import Hub
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import batch, operation, record

Right = Literal["view", "operate", "approve", "personal_data"]
RIGHTS: tuple[Right, ...] = ("view", "operate", "approve", "personal_data")
EVERYWHERE = "*"
FILE = "sites/access.yaml"


@dataclass(frozen=True, slots=True)
class Grant:
    """One entry of the access file."""

    rights: frozenset[str]
    sites: frozenset[str]
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    def meets(self, names: Collection[str], groups: Collection[str]) -> bool:
        """Whether it is for somebody of these names (user name, id) and groups."""
        return not (self.users.isdisjoint(names) and self.groups.isdisjoint(groups))


@dataclass(frozen=True)
class Visitor:
    """Somebody who is logged in, and what she may do where."""

    name: str
    grants: tuple[Grant, ...]
    sites: Mapping[str, str | None]
    """The site of each flow that has a file."""

    def everywhere(self, right: Right) -> bool:
        """Whether the right holds for every site, and for what belongs to none."""
        return any(right in grant.rights and EVERYWHERE in grant.sites for grant in self.grants)

    def anywhere(self, right: Right) -> bool:
        """Whether the right holds for any site at all."""
        return any(right in grant.rights for grant in self.grants)

    def may(self, right: Right, flow: str | None) -> bool:
        """Whether the right holds for what this flow does; None is what belongs to no flow."""
        if self.everywhere(right):
            return True
        site = self.sites.get(flow) if flow is not None else None
        return site is not None and any(
            right in grant.rights and site in grant.sites for grant in self.grants
        )

    def flows(self, right: Right) -> frozenset[str] | None:
        """The flows for which the right holds; None for all, whatever their names."""
        if self.everywhere(right):
            return None
        return frozenset(name for name in self.sites if self.may(right, name))

    @cached_property
    def seen(self) -> frozenset[str] | None:
        """The flows that she sees; None for all."""
        return self.flows("view")


def load_grants(home: Path, contracts: Any) -> tuple[Grant, ...] | None:
    """What the access file grants; None where there is none. `ConfigError` where it cannot be read: nobody gets in then."""
    file = home / "mappings" / FILE
    if not file.exists():
        return None
    data = load_yaml(file, "access", contracts).data
    return tuple(
        Grant(
            frozenset(entry["rights"]),
            frozenset(entry["sites"]),
            frozenset(entry.get("users", ())),
            frozenset(entry.get("groups", ())),
        )
        for entry in data["grants"]
    )


def visitor(
    hub: Hub, names: Collection[str], groups: Collection[str], otherwise: Collection[Right], *, called: str
) -> Visitor:
    """What somebody of these names and groups may do; `otherwise` is granted everywhere where there is no access file."""
    grants = load_grants(hub.settings.home, hub.contracts)
    if grants is None:
        grants = (Grant(frozenset(otherwise), frozenset({EVERYWHERE}), frozenset(names)),)
    met = tuple(grant for grant in grants if grant.meets(names, groups))
    return Visitor(called, met, flow_sites(hub.settings.home))


def flow_sites(home: Path) -> dict[str, str | None]:
    """The site of each flow by its name; a file that cannot be read belongs to none."""
    found: dict[str, str | None] = {}
    for file in flow_files(home):
        try:
            data = read_yaml(file).data
        except ConfigError:
            data = None
        site = data.get("site") if isinstance(data, dict) else None
        found[file.stem] = site if isinstance(site, str) else None
    return found


def of_flows(column: ColumnElement[str], flows: frozenset[str] | None) -> ColumnElement[bool]:
    """The condition that a batch id belongs to one of these flows; None for all."""
    if flows is None:
        return true()
    # an expression, so that no index is used for it: lists walk along their order and leave out what is of other flows
    return (column + literal("")).in_(select(batch.c.id).where(batch.c.flow.in_(sorted(flows))))


def flow_of_batch(tx: Transaction, batch_id: str | None) -> str | None:
    """The flow of a batch; None where there is no such batch."""
    found: str | None = tx.conn.scalar(select(batch.c.flow).where(batch.c.id == batch_id))
    return found


def flows_of_person(tx: Transaction, subject_ref: str) -> set[str]:
    """The flows in which something is known or was sent about the person."""
    sent = select(batch.c.flow).join(operation, operation.c.batch_id == batch.c.id)
    told = select(batch.c.flow).join(record, record.c.batch_id == batch.c.id)
    query = union(
        sent.where(operation.c.subject_ref == subject_ref), told.where(record.c.subject_ref == subject_ref)
    )
    return {row.flow for row in tx.conn.execute(query)}


def check_batch(tx: Transaction, who: Visitor, batch_id: str, right: Right = "view") -> str | None:
    """The batch's flow; `LedgerError` BATCH_UNKNOWN where she may not know of it, as if there were none."""
    flow = flow_of_batch(tx, batch_id)
    if flow is None or not who.may(right, flow):
        raise LedgerError(
            f"no batch {batch_id!r}", code="BATCH_UNKNOWN", cure="the overview lists the batches"
        )
    return flow


def sees_person(tx: Transaction, who: Visitor, subject_ref: str, right: Right = "view") -> bool:
    """Whether the right holds for any flow that knows the person."""
    if who.everywhere(right):
        return True
    return any(who.may(right, flow) for flow in flows_of_person(tx, subject_ref))
