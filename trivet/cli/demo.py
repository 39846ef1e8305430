"""`trivet demo`: sandbox and Airflow on loopback, one nightly flow for real, and what came of it.

State lies in `.trivet/demo/` and stays: a second demo goes on where the first ended and sends nothing twice.
"""

import importlib.util
import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType

from rich.console import Console

from trivet.cli.demo_airflow import AirflowClient, choose_port, environment, free_port
from trivet.cli.demo_connections import announced
from trivet.cli.demo_night import Night
from trivet.cli.demo_processes import Processes, Wanted
from trivet.errors import ConfigError
from trivet.settings import Settings, load_settings

FLOW = "nightly_interviews"
NEEDED = {
    "airflow": "apache-airflow",
    "trivet_sandbox": "trivet's sandbox",
    "faster_whisper": "faster-whisper",
}


def demo(once: bool = False) -> int:
    """Run the demo; with `once`, 0 when the night brought what it should, else 1; without, 0 after Ctrl-C."""
    console = Console(highlight=False)
    _require_packages()
    settings = _demo_settings(load_settings())
    port, inbound = choose_port(_wanted_port()), free_port()
    address = f"http://localhost:{port}"
    console.print("Trivet demo: vendors on loopback, Airflow, one night. It takes a few minutes.")
    with (
        _signals_are_exits(),
        Processes(wanted(settings, port, inbound), settings.state / "processes.json") as processes,
    ):
        night = Night(console, settings, AirflowClient(address), processes, FLOW, inbound)
        night.wait_until_ready()
        night.set_up()
        console.print(f"Airflow is up: {address} (login admin / admin)")
        night.run()
        complete = night.close()
        if once:
            return 0 if complete else 1
        console.print(
            f"\nAirflow UI   {address}   login admin / admin (hr / hr may run, viewer / viewer may look)"
            f"\nfresh result {night.try_this()}"
            "\n             (a new recording: ERPs and HR record follow within a minute, DAG event__nightly_interviews)"
            f"\nreports      {settings.reports} (HTML, a page an interview; `trivet report` makes PDF)"
            f"\ncommand line . {shlex.quote(str(_write_environment(settings)))} && trivet status"
            "\nCtrl-C ends everything."
        )
        return _stay(console, processes)


def _stay(console: Console, processes: Processes) -> int:
    """Keep everything up until the user has seen enough."""
    try:
        while True:
            processes.check()
            time.sleep(0.5)
    except KeyboardInterrupt:
        console.print("\nending sandbox and Airflow …")
        return 0


def _require_packages() -> None:
    missing = [package for module, package in NEEDED.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise ConfigError(
            f"the demo needs {', '.join(missing)}",
            code="DEMO_EXTRA",
            cure="make setup in a checkout, or pip install 'trivet[demo]'",
        )


def _wanted_port() -> int | None:
    text = os.environ.get("TRIVET_DEMO_PORT")
    if text is None or text.isdigit():
        return int(text) if text else None
    raise ConfigError(
        f"TRIVET_DEMO_PORT is {text!r}, not a port number", code="CONFIG_TYPE", cure="e.g. 18080"
    )


def _demo_settings(settings: Settings) -> Settings:
    """The deployment as it is, with a state of its own: the demo's ledger is not the user's."""
    state = settings.state / "demo"
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    return replace(
        settings,
        state=state,
        ledger_url=f"sqlite:///{state / 'ledger.db'}",
        connections=state / "connections.json",
    )


def wanted(settings: Settings, port: int, inbound: int) -> list[Wanted]:
    """The sandbox, Airflow with the environment that its tasks inherit, and the process that vendors call."""
    inherited = {**os.environ, **_variables(settings), "PYTHONUNBUFFERED": "1"}
    # an older run's addresses: the new files say that the sandbox is up, and Airflow too
    announced(settings).unlink(missing_ok=True)
    settings.connections.unlink(missing_ok=True)
    sandbox = [sys.executable, "-m", "trivet_sandbox", "up"]
    sandbox += ["--state", str(settings.state / "sandbox"), "--connections", str(announced(settings))]
    airflow = [sys.executable, "-m", "airflow", "standalone"]
    serve = [sys.executable, "-m", "trivet.cli", "serve", "--port", str(inbound)]
    return [
        Wanted("sandbox", sandbox, inherited, _log(settings, "sandbox")),
        Wanted("airflow", airflow, environment(settings, port, inherited), _log(settings, "airflow")),
        Wanted("serve", serve, inherited, _log(settings, "serve"), after=settings.connections),
    ]


def _log(settings: Settings, name: str) -> Path:
    log = settings.state / f"{name}.log"
    log.unlink(missing_ok=True)
    return log


def _variables(settings: Settings) -> dict[str, str]:
    return {
        "TRIVET_HOME": str(settings.home),
        "TRIVET_STATE": str(settings.state),
        "TRIVET_LEDGER_URL": settings.ledger_url,
        "TRIVET_CONNECTIONS": str(settings.connections),
    }


def _write_environment(settings: Settings) -> Path:
    """A file to source, so that `trivet status` in another terminal speaks of the demo."""
    file = settings.state / "env"
    lines = [f"export {name}={shlex.quote(value)}" for name, value in _variables(settings).items()]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@contextmanager
def _signals_are_exits() -> Iterator[None]:
    """A terminal that closes and a polite kill leave through the same door as Ctrl-C, which tidies up."""

    def leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  a signal handler's signature
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
