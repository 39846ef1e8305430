"""Where the data of a site's people may go, by the `data` of mappings/sites/<site>.yaml; the site is the position's.

    data:
      region: CN                       where the site's people are
      may_go_to: [HK]                  further regions, without asking
      with_export_consent: [SG]        only of those who agreed to `export`
      withdrawal: erase                who takes the consent `record` back is erased; default: a case says so

A connection says in its extra where it leads: `"region": "CN"`, or `"here"` for what runs on this machine. Towards a site with
such rules a connection that says nothing leads nowhere. A site without rules is as free as before.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from trivet.delivery.plan import Wanted
from trivet.errors import ConfigError, DocumentRefused
from trivet.flow.hub import Hub
from trivet.flow.sites import layers
from trivet.ledger import people
from trivet.ledger.set_asides import SetAside

EXPORT = "export"
HERE = "here"
STAGE = "residency"
BLOCKED, UNKNOWN, NOT_AGREED = "RESIDENCY_BLOCKED", "RESIDENCY_UNKNOWN", "CONSENT_MISSING"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long one class of data is kept for one purpose."""

    data: Literal["recordings", "person"]
    purpose: Literal["recruiting", "employment"]
    days: int


@dataclass(frozen=True, slots=True)
class Rules:
    """What one site says of its people's data."""

    region: str
    may_go_to: frozenset[str] = frozenset()
    with_export_consent: frozenset[str] = frozenset()
    withdrawal: Literal["case", "erase"] = "case"
    retention: tuple[Retention, ...] = ()

    def refusal(self, conn_id: str, region: str | None, *, agreed: bool) -> tuple[str, str] | None:
        """Code and reason why nothing goes through a connection to that region; `agreed`: the person did, to `export`."""
        if region == HERE or region == self.region or region in self.may_go_to:
            return None
        if region is None:
            return UNKNOWN, f'{conn_id} does not say where it leads: write "region" into its extra'
        if region in self.with_export_consent:
            return None if agreed else (NOT_AGREED, f"no consent for {EXPORT}: nothing goes to {region}")
        return BLOCKED, f"{conn_id} leads to {region}; data of {self.region} may not go there"


def load_rules(home: Path) -> dict[str, Rules]:
    """The rules of every site that has some; what a site's file leaves out it inherits, key by key."""
    found = {}
    for name, parts in layers(home).items():
        data: dict[str, Any] = {}
        for one in parts:
            data |= one.get("data", {})
        if data:
            found[name] = _rules(data, home / "mappings" / "sites" / f"{name}.yaml")
    return found


def _rules(data: Mapping[str, Any], file: Path) -> Rules:
    if "region" not in data:
        raise ConfigError(
            "`data` says no region",
            code="SITE_REGION",
            place=str(file),
            cure="say where its people are: `region: CN`",
        )
    return Rules(
        data["region"],
        frozenset(data.get("may_go_to", ())),
        frozenset(data.get("with_export_consent", ())),
        data.get("withdrawal", "case"),
        tuple(Retention(**entry) for entry in data.get("retention", ())),
    )


@dataclass(frozen=True, slots=True)
class Border:
    """Judges what may leave, in one step of a flow."""

    hub: Hub
    tenant: str
    rules: Mapping[str, Rules]
    _regions: dict[str, str | None] = field(default_factory=dict)
    """Of each connection, looked up once: in Airflow that is a call to its server."""

    @classmethod
    def of(cls, hub: Hub, tenant: str) -> "Border":
        """With the rules as they are now."""
        return cls(hub, tenant, load_rules(hub.settings.home))

    def agreed(self, subject_refs: Collection[str]) -> set[str]:
        """Those of the people who agreed to `export`; asked only where some site has rules."""
        if not self.rules:
            return set()
        with self.hub.ledger.read() as tx:
            return people.allowed(tx, self.tenant, subject_refs, EXPORT)

    def refusal(self, site: str | None, conn_id: str, *, agreed: bool) -> tuple[str, str] | None:
        """Code and reason why nothing about a person of that site goes through the connection."""
        rules = self.rules.get(site or "")
        if rules is None:
            return None
        if conn_id not in self._regions:
            self._regions[conn_id] = self.hub.connections(conn_id).region
        return rules.refusal(conn_id, self._regions[conn_id], agreed=agreed)

    def check(self, site: str | None, conn_id: str, *, agreed: bool) -> None:
        """`DocumentRefused` where nothing may go; before anything is opened or sent."""
        found = self.refusal(site, conn_id, agreed=agreed)
        if found is not None:
            raise DocumentRefused(found[1], code=found[0], place=f"connection {conn_id}")

    def wanted(self, wanted: Sequence[Wanted]) -> tuple[list[Wanted], list[SetAside]]:
        """What may go, and what is said of the rest: one entry an application and target."""
        if not self.rules:
            return list(wanted), []
        agreed = self.agreed({entry.subject_ref for entry in wanted if entry.subject_ref})
        stays: list[Wanted] = []
        said: dict[str, SetAside] = {}
        reasons: dict[str, list[str]] = defaultdict(list)
        for entry in wanted:
            site = _site(entry)
            found = self.refusal(site, entry.target, agreed=entry.subject_ref in agreed)
            if found is None:
                stays.append(entry)
                continue
            scope = entry.scope or ""
            if found[1] not in reasons[scope]:
                reasons[scope].append(found[1])
            said[scope] = SetAside(
                stage=STAGE, kind="application", item=scope, code=found[0], message="; ".join(reasons[scope]),
                place=entry.target, subject_ref=entry.subject_ref,
            )  # fmt: skip
        return stays, list(said.values())


def _site(entry: Wanted) -> str | None:
    given = entry.input.document if entry.input else {}
    site: str | None = (given.get("requisition") or {}).get("site")
    return site
