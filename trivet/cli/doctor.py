"""`trivet doctor`: walks through a deployment and says what is wrong, where, and what helps."""

from collections.abc import Callable
from functools import partial
from typing import Any

from trivet.cli.doctor_people import airflow, approvers, sites, upgraded, version_before, waiting
from trivet.connections import stored_connections
from trivet.contract import MailerConnector, RecordingsConnector, ScorerConnector, TargetConnector
from trivet.errors import TrivetError
from trivet.flow.check import check_home
from trivet.flow.definition import Flow, flow_files
from trivet.flow.hub import Hub, open_hub
from trivet.flow.ports import ports
from trivet.ledger import breakers
from trivet.settings import load_settings

Row = dict[str, Any]


def diagnose() -> list[Row]:
    """One row a check: `ok` is yes or no, with the cure where it is no."""
    rows: list[Row] = []
    settings = _tried(rows, "deployment folder", load_settings, lambda s: str(s.home))
    if settings is None:
        return rows
    checked = check_home(settings.home)
    rows.append(_row("files in mappings/", not checked.errors, checked.summary(), "trivet check shows each"))
    before = version_before(settings)
    try:
        with open_hub(settings, stored_connections(settings.connections)) as hub:
            rows.append(_row("ledger", True, hub.ledger.engine.url.render_as_string(hide_password=True), ""))
            _tried(rows, "store of recordings", partial(_stored, hub), str)
            rows += upgraded(before)
            for file in flow_files(settings.home):
                _diagnose_flow(rows, hub, file.stem)
            rows += _spared(hub)
            rows += [*sites(hub), *approvers(hub), *waiting(hub), *airflow(hub)]
    except TrivetError as error:
        rows.append(_row("ledger", False, str(error), error.cure))
    return rows


def _diagnose_flow(rows: list[Row], hub: Hub, name: str) -> None:
    flow = _tried(
        rows,
        f"flow {name}",
        lambda: hub.flow(name),
        lambda f: f"{f.environment}, {len(f.connections())} connections",
    )
    roles = flow and _tried(
        rows, f"streams of {name}", lambda: _roles(hub, flow), lambda r: f"{len(r)} roles"
    )
    for kind, conn_id in roles or ():
        role = kind.__name__.removesuffix("Connector").lower()
        _tried(
            rows, f"connection {conn_id} ({role})", partial(_check, hub, kind, conn_id), lambda _: "answers"
        )


def _spared(hub: Hub) -> list[Row]:
    """The systems that failed lately and that nobody calls for a while."""
    with hub.ledger.read() as tx:
        return [
            _row(
                f"system {known.target}",
                known.until <= tx.stamp,
                f"{known.failures} calls in a row came to nothing; left alone until {known.until or 'the next call'}",
                "it is called again by itself then; mend what its connection's row says",
            )
            for known in breakers.every(tx)
        ]


def _roles(hub: Hub, flow: Flow) -> list[tuple[Any, str]]:
    scorers = flow.scorers()
    roles: list[tuple[Any, str | None]] = [
        *((port.kind, port.connection) for port in ports(hub, flow)),
        (RecordingsConnector, flow.recordings),
        *((ScorerConnector, name) for name in scorers),
        *((TargetConnector, name) for name in flow.targets()),
        (MailerConnector, flow.reports.mail.connection if flow.reports and flow.reports.mail else None),
    ]
    return list(dict.fromkeys((kind, name) for kind, name in roles if name))


def _check(hub: Hub, kind: Any, conn_id: str) -> bool:
    with hub.built(kind, conn_id) as built:
        built.check()
    return True


def _stored(hub: Hub) -> str:
    return hub.store.check()


def _tried(rows: list[Row], what: str, attempt: Callable[[], Any], detail: Callable[[Any], str]) -> Any:
    try:
        value = attempt()
    except TrivetError as error:
        rows.append(_row(what, False, str(error), error.cure))
        return None
    rows.append(_row(what, True, detail(value), ""))
    return value


def _row(what: str, fine: bool, detail: str, cure: str | None) -> Row:
    return {"ok": "yes" if fine else "no", "what": what, "detail": detail, "cure": "" if fine else cure or ""}
