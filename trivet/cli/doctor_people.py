"""What `trivet doctor` says of the set-up around the flows: ledger version, sites, rights, approvers, holds, Airflow."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from trivet.contract import Services
from trivet.errors import ConfigError, ConnectorError, LedgerError
from trivet.flow import holding
from trivet.flow.console import access
from trivet.flow.definition import Flow, flow_files, load_flow
from trivet.flow.gates import approvals
from trivet.flow.hub import Hub
from trivet.flow.sites import forbidden, load_sites
from trivet.inbound.airflow_api import NAME as AIRFLOW
from trivet.inbound.airflow_api import AirflowSettings, open_api
from trivet.ledger import database
from trivet.settings import Settings

Row = dict[str, Any]


def version_before(settings: Settings) -> str | None:
    """The ledger's schema version before this look, which upgrades it; None for a new one, or one that cannot be read."""
    try:
        engine = create_engine(settings.ledger_url)
        try:
            return database.version_of(engine)
        finally:
            engine.dispose()
    except (SQLAlchemyError, ImportError):
        # opening it comes next, and says what is wrong
        return None


def upgraded(before: str | None) -> Iterator[Row]:
    """Whether the ledger was behind this program."""
    detail = f"schema {database.HEAD}"
    if before is not None and before != database.HEAD:
        detail += f", was {before}: upgraded now; restart what still runs the older program"
    yield _row("ledger version", True, detail, "")


def sites(hub: Hub) -> Iterator[Row]:
    """The site files and the access file, and what flows ask of them."""
    try:
        known = load_sites(hub.settings.home)
    except ConfigError as error:
        yield _row("sites", False, str(error), error.cure)
        return
    for name, site in known.items():
        wrong = forbidden(site)
        if wrong:
            yield _row(
                f"site {name}",
                False,
                wrong,
                "take the kinds out of `decisions.flow`; they wait whatever stands there",
            )
    missing = sorted({flow.site for flow in _flows(hub) if flow.site and flow.site not in known})
    for name in missing:
        yield _row(f"site {name}", False, "a flow belongs to it, and it has no file",
                   f"write mappings/sites/{name}.yaml, with its country and time zone")  # fmt: skip
    strict = [flow.name for flow in _flows(hub) if flow.environment == "production" and flow.deliveries]
    if strict and not known:
        yield _row("sites", False, f"no file in mappings/sites/: every sensitive decision of {', '.join(strict)} waits",
                   "describe each site; `decisions.flow` names what goes without a named approver")  # fmt: skip
    elif known and not missing:
        yield _row("sites", True, ", ".join(known), "")


def approvers(hub: Hub) -> Iterator[Row]:
    """Whether the access file can be read, and somebody may approve what waits for a person."""
    try:
        grants = access.load_grants(hub.settings.home, hub.contracts)
    except ConfigError as error:
        yield _row("rights", False, str(error), error.cure)
        return
    production = [flow for flow in _flows(hub) if flow.environment == "production"]
    if grants is None:
        if production:
            yield _row("rights", False, "no mappings/sites/access.yaml: Airflow's roles decide, for every site alike",
                       "write it, so that each site's people see and approve their own")  # fmt: skip
        return
    able = [grant for grant in grants if "approve" in grant.rights]
    for flow in production:
        named = set(flow.policy.approval.approvers)
        reach = [
            grant for grant in able if grant.sites & {access.EVERYWHERE, flow.site}
            and (not named or grant.groups or grant.users & named)
        ]  # fmt: skip
        if not reach:
            cure = "grant `approve` for its site in mappings/sites/access.yaml, to its `approvers` if it names some"
            yield _row(f"approvers of {flow.name}", False, "nobody may approve what waits for a person", cure)
    if not able:
        yield _row("approvers", False, "no grant holds `approve`", "grant it to two people at least")
    else:
        yield _row("rights", True, f"{len(grants)} grants, {len(able)} with `approve`", "")


def waiting(hub: Hub) -> Iterator[Row]:
    """What a person stopped, and what waits for one."""
    for row in holding.listed(hub):
        how = "release" if row["kind"] == "flow" else "resume"
        by_hand = row["since"] is not None
        yield _row(f"{row['kind']} {row['name']}", not by_hand, f"on hold by {row['by']}: {row['reason']}",
                   f"`trivet {how} {row['name']}` when the reason is gone")  # fmt: skip
    for row in approvals.listed(hub):
        said = f"{row['operations']} operations of batch {row['batch']} wait for a named person until {row['expires_at'][:16]}Z"
        yield _row(f"approval {row['approval']}", True, said, "")


def airflow(hub: Hub) -> Iterator[Row]:
    """Whether Airflow's API answers, where a connection says how to reach it."""
    try:
        settings = hub.connections(AIRFLOW).config(AirflowSettings)
        with open_api(settings, Services(AIRFLOW, hub.settings.home, hub.settings.state, hub.now)) as api:
            api.look()
    except ConfigError as error:
        if error.code != "CONNECTION_MISSING":
            yield _row("Airflow", False, str(error), error.cure)
    except ConnectorError as error:
        yield _row("Airflow", False, str(error),
                   "start it, or correct the connection `airflow`: fresh results wait for the night until then")  # fmt: skip
    else:
        yield _row("Airflow", True, "answers", "")


def _flows(hub: Hub) -> list[Flow]:
    found = []
    for file in flow_files(hub.settings.home):
        try:
            found.append(load_flow(hub.settings.home, file.stem))
        except (ConfigError, LedgerError):
            continue  # the row of the flow says so
    return found


def _row(what: str, fine: bool, detail: str, cure: str | None) -> Row:
    return {"ok": "yes" if fine else "no", "what": what, "detail": detail, "cure": "" if fine else cure or ""}
