"""The production topology without containers: PostgreSQL, Redis, every part of Airflow, two Celery workers, one of them killed.

    python -m scripts.cluster_test [--candidates 2000] [--keep]

A flow of the sandbox's company runs through it. In the middle of the push the busier worker is killed with everything below it
(SIGKILL, no farewell). At the end every planned operation has to stand at the ERPs exactly once, counted at the ERPs
themselves. Needs PostgreSQL and Redis from the system's packages (Debian: postgresql, redis-server).
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import yaml
from sqlalchemy import func, select

from trivet.cli.demo_airflow import AirflowClient
from trivet.connections import stored_connections
from trivet.flow.hub import Hub, open_hub
from trivet.ledger.tables import batch, operation
from trivet.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
FLOW = "nightly_interviews"
DAG = f"sync__{FLOW}"
LIMIT = 3600.0
"""Seconds for the whole run."""
REFERENCE = re.compile(r"(?<![A-Z2-7])[A-Z2-7]{16}(?![A-Z2-7])")
TARGETS = ("successfactors", "kingdee_cloud", "feishu_hire")


@dataclass
class Cluster:
    """The running parts, and where they stand."""

    folder: Path
    env: dict[str, str]
    port: int
    parts: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    since: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        """A line with the seconds since the start."""
        print(f"{time.monotonic() - self.since:7.1f} s  {text}", flush=True)

    def start(self, name: str, *command: str, **more: str) -> None:
        """A part in a session of its own, its words in a file."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.parts[name] = subprocess.Popen(
                command, env={**self.env, **more}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, cwd=self.folder,
            )  # fmt: skip

    def kill(self, name: str) -> int:
        """Kills the part and everything below it at once; how many processes that were."""
        below = descendants(self.parts[name].pid)
        for pid in (self.parts[name].pid, *below):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.parts.pop(name).wait()
        return 1 + len(below)

    def stop(self) -> None:
        """Ends every part, politely first."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            pids = [pid for part in self.parts.values() for pid in (part.pid, *descendants(part.pid))]
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            deadline = time.monotonic() + 15
            for part in self.parts.values():
                with suppress(subprocess.TimeoutExpired):
                    part.wait(max(0.1, deadline - time.monotonic()))


def main() -> int:
    """0 where everything arrived once."""
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="trivet-cluster-", dir="/tmp"))
    with ExitStack() as stack:
        database = stack.enter_context(postgres())
        redis = stack.enter_context(redis_server(folder))
        cluster = Cluster(folder, {}, free_port())
        stack.callback(cluster.stop)
        cluster.env = environment(folder, cluster.port, database, redis)
        code = run(cluster, options.candidates)
    # the logs of a run that went wrong are looked for
    if not (options.keep or code):
        shutil.rmtree(folder, ignore_errors=True)
    return code


def run(cluster: Cluster, candidates: int) -> int:
    """The whole test; 0 where everything arrived once."""
    connections = sandbox(cluster, candidates)
    deployment(cluster.folder, connections)
    cluster.env |= {f"AIRFLOW_CONN_{name.upper()}": json.dumps(form) for name, form in connections.items()}
    airflow = bring_up(cluster)
    run_id = airflow.trigger(DAG)
    cluster.say(f"started {run_id}")
    killed = watch(cluster, airflow, run_id)
    state = airflow.run_state(DAG, run_id)
    cluster.say(f"run ended: {state}")
    retried = [
        f"{t['task_id']} ({t['try_number']})" for t in airflow.tasks(DAG, run_id) if t["try_number"] > 1
    ]
    with hub(cluster) as opened:
        settled(cluster, opened)
        return judged(cluster, opened, connections, state, killed, retried)


def bring_up(cluster: Cluster) -> AirflowClient:
    """Every part of Airflow, as the compose file has them; returns when they answer."""
    python = [sys.executable, "-m", "airflow"]
    subprocess.run(
        [*python, "db", "migrate"], env=cluster.env, check=True, capture_output=True, cwd=cluster.folder
    )
    cluster.say("Airflow's database is there")
    for part in ("api-server", "scheduler", "dag-processor", "triggerer"):
        cluster.start(part, *python, part)
    for n in (1, 2):
        more = {"AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port())}
        cluster.start(
            f"worker-{n}", *python, "celery", "worker", "--queues", "default,scoring,gpu", "--concurrency", "2",
            "--celery-hostname", f"worker-{n}@%h", "--without-gossip", "--without-mingle", **more,
        )  # fmt: skip
    airflow = AirflowClient(f"http://localhost:{cluster.port}")
    eventually(cluster, lambda: airflow.unready() is None, 300, "Airflow is up")
    airflow.login()
    eventually(cluster, lambda: airflow.knows(DAG), 300, "the DAG is known")
    pools = subprocess.run(
        [sys.executable, "-m", "trivet.airflow.pools"],
        env=cluster.env,
        check=True,
        capture_output=True,
        cwd=cluster.folder,
    )
    airflow.put_pools(json.loads(pools.stdout))
    for dag in (DAG, "settle"):
        eventually(cluster, lambda dag=dag: airflow.knows(dag), 120, f"{dag} is known")
        airflow.unpause(dag)
    return airflow


def watch(cluster: Cluster, airflow: AirflowClient, run_id: str) -> str:
    """Watches the run to its end; kills the busier worker once something has arrived. Says which."""
    killed, told = "", ""
    deadline = time.monotonic() + LIMIT
    with hub(cluster) as opened:
        while airflow.run_state(DAG, run_id) not in ("success", "failed"):
            if time.monotonic() > deadline:
                raise SystemExit(f"not done within {LIMIT:.0f} s; logs in {cluster.folder}")
            states = Counter(f"{t['task_id']} {t['state']}" for t in airflow.tasks(DAG, run_id))
            counts = tally(opened)
            line = ", ".join(f"{n} {state}" for state, n in sorted(counts.items())) or "nothing planned yet"
            at_work = ", ".join(
                f"{n} {what}" for what, n in sorted(states.items()) if what.endswith("running")
            )
            if f"{at_work}: {line}" != told:
                told = f"{at_work}: {line}"
                cluster.say(told)
            if (
                not killed
                and counts["confirmed"]
                and counts["planned"]
                and ("push" in at_work or "write" in at_work)
            ):
                name = max(
                    ("worker-1", "worker-2"), key=lambda name: len(descendants(cluster.parts[name].pid))
                )
                number = cluster.kill(name)
                killed = f"{name} ({number} processes) after {counts['confirmed']} of {sum(counts.values())} confirmed"
                cluster.say(f"killed {killed}")
            time.sleep(1)
    return killed


def settled(cluster: Cluster, opened: Hub) -> None:
    """Waits until nothing is in the air: what the dead worker had sent is asked for by `settle`."""
    flying = ("intent", "accepted", "unknown")
    eventually(
        cluster, lambda: not any(tally(opened)[state] for state in flying), 600, "nothing is in the air"
    )


def judged(
    cluster: Cluster, opened: Hub, connections: Mapping[str, Any], state: str, killed: str, retried: list[str]
) -> int:
    """Prints the table; 0 where it is as it has to be."""
    with opened.ledger.read() as tx:
        query = select(operation.c.target, operation.c.reference).where(
            operation.c.state == "confirmed", operation.c.target.in_(TARGETS)
        )
        wanted = [(row.target, row.reference) for row in tx.conn.execute(query)]
        batches = tx.conn.scalar(select(func.count()).select_from(batch).where(batch.c.flow == FLOW))
    rows, good = [], bool(wanted) and bool(killed)
    for target in TARGETS:
        ours = {reference for name, reference in wanted if name == target}
        found = references(connections[target]["host"])
        once = sum(found[reference] == 1 for reference in ours)
        twice = sum(n > 1 for n in found.values())
        strange = len(set(found) & _all(opened, target) - ours)
        rows.append((target, len(ours), once, len(ours) - once - twice, twice, strange))
        good = good and once == len(ours) and not twice and not strange
    counts = tally(opened)
    left = {
        name: n
        for name, n in counts.items()
        if name in ("planned", "intent", "unknown", "accepted", "rejected", "stuck")
    }
    print(f"\n{'system':<18}{'confirmed':>10}{'there once':>12}{'missing':>9}{'twice':>7}{'unexpected':>12}")
    for row in rows:
        print(f"{row[0]:<18}{row[1]:>10}{row[2]:>12}{row[3]:>9}{row[4]:>7}{row[5]:>12}")
    print(f"\nrun: {state}; killed: {killed or 'nobody'}; tried again: {', '.join(retried) or 'no task'}")
    print(f"batches: {batches}; operations: {dict(counts)}")
    if left:
        print(f"left: {left}")
    good = good and not left and state == "success"
    print(
        "\nevery operation arrived exactly once"
        if good
        else f"\nNOT as it has to be; logs in {cluster.folder}"
    )
    return 0 if good else 1


def _all(opened: Hub, target: str) -> set[str]:
    with opened.ledger.read() as tx:
        return set(tx.conn.scalars(select(operation.c.reference).where(operation.c.target == target)))


def references(host: str) -> Counter[str]:
    """How many records of the stand-in carry each reference."""
    state = requests.get(f"{host}/_sandbox/state", timeout=120).json()
    found: Counter[str] = Counter()
    for kind, records in state.items():
        if not kind.startswith("_"):
            for record in records.values() if isinstance(records, dict) else records:
                found.update(set(REFERENCE.findall(json.dumps(record))))
    return found


def tally(opened: Hub) -> Counter[str]:
    """Operations by state."""
    with opened.ledger.read() as tx:
        query = select(operation.c.state, func.count()).group_by(operation.c.state)
        return Counter({state: n for state, n in tx.conn.execute(query)})  # noqa: C416


@contextmanager
def hub(cluster: Cluster) -> Iterator[Hub]:
    """The deployment, opened from here."""
    state = cluster.folder / "state"
    settings = Settings(cluster.folder, state, cluster.env["TRIVET_LEDGER_URL"], state / "connections.json")
    with open_hub(settings, stored_connections(settings.connections, {})) as opened:
        yield opened


def sandbox(cluster: Cluster, candidates: int) -> dict[str, Any]:
    """The stand-ins with a company of that many candidates; connections to them and to scorers that need no model."""
    file = cluster.folder / "sandbox.json"
    cluster.env["PYTHONPATH"] = str(ROOT / "tests" / "world")
    only = "feishu_hire,successfactors,kingdee_cloud"
    cluster.start(
        "sandbox", sys.executable, "-m", "trivet_sandbox", "up", "--only", only, "--candidates", str(candidates),
        "--connections", str(file),
    )  # fmt: skip
    eventually(cluster, file.exists, 300, f"the stand-ins with {candidates} candidates")
    known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    here = {"environment": "sandbox"}
    known |= {
        name: {"conn_type": f"trivet_{name}", "extra": here}
        for name in ("script_reader", "behaviour_baseline")
    }
    for family in ("engineering", "sales", "finance"):
        extra = {**here, "dictionaries": [family]}
        known[f"terms_{family}"] = {"conn_type": "trivet_term_recogniser", "extra": extra}
    return known


def deployment(folder: Path, connections: Mapping[str, Any]) -> None:
    """Mappings, DAGs and plugin as they are, the transcriber replaced by scripts, everything pushed in one night."""
    for name in ("mappings", "dags", "plugins"):
        shutil.copytree(ROOT / name, folder / name)
    file = folder / "mappings" / "flows" / f"{FLOW}.yaml"
    flow = yaml.safe_load(file.read_text(encoding="utf-8"))
    flow["scoring"] |= {"transcriber": {"connection": "script_reader"}, "shards": 4}
    flow["policy"] |= {"max_failed_share": 1.0}
    for unneeded in ("reports", "going_live"):
        flow.pop(unneeded)
    file.write_text(yaml.safe_dump(flow, allow_unicode=True), encoding="utf-8")
    (folder / "state").mkdir(mode=0o700)
    stored = folder / "state" / "connections.json"
    stored.touch(mode=0o600)
    stored.write_text(json.dumps(connections), encoding="utf-8")


def environment(folder: Path, port: int, database: str, redis: str) -> dict[str, str]:
    """What every part is told; the same names as in docker-compose.yaml."""
    address = f"http://localhost:{port}"
    passwords = folder / "passwords.json"
    passwords.write_text('{"admin": "admin"}', encoding="utf-8")
    keys = {name: os.urandom(32).hex() for name in ("API__SECRET_KEY", "API_AUTH__JWT_SECRET")}
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "no_proxy": "*",
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__PARALLELISM": "8",
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(folder / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://trivet@{database}/airflow",
        "AIRFLOW__CELERY__BROKER_URL": redis,
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+postgresql+psycopg2://trivet@{database}/airflow",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        # a dead worker is noticed within half a minute, and what it had fetched and not begun goes to another one
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
        "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "90",
        "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "15",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "TRIVET_HOME": str(folder),
        "TRIVET_STATE": str(folder / "state"),
        "TRIVET_LEDGER_URL": f"postgresql+psycopg://trivet@{database}/ledger",
        **{f"AIRFLOW__{name}": key for name, key in keys.items()},
    }


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL on loopback with the two databases; host and port."""
    programs = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
    if programs is None:
        raise SystemExit("PostgreSQL is not installed; on Debian: apt-get install postgresql")
    home, port = Path(tempfile.mkdtemp(prefix="trivet-pg-", dir="/tmp")), free_port()
    if os.geteuid() == 0:
        # postgresql refuses to run as root
        shutil.chown(home, "postgres", "postgres")
    data = str(home / "data")
    _as_postgres(programs / "initdb", "-D", data, "-U", "trivet", "--auth=trust", "-E", "UTF8")
    options = f"-k {home} -c listen_addresses=127.0.0.1 -c port={port} -c max_connections=200"
    _as_postgres(programs / "pg_ctl", "-D", data, "-o", options, "-w", "-l", str(home / "log"), "start")
    try:
        for name in ("airflow", "ledger"):
            _as_postgres(programs / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "trivet", name)
        yield f"127.0.0.1:{port}"
    finally:
        _as_postgres(programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(home, ignore_errors=True)


def _as_postgres(program: Path, *words: str) -> None:
    user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    subprocess.run([str(program), *words], check=True, stdout=subprocess.DEVNULL, cwd="/tmp", **user)  # type: ignore[call-overload]


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A Redis on loopback; its address."""
    program = shutil.which("redis-server")
    if program is None:
        raise SystemExit("Redis is not installed; on Debian: apt-get install redis-server")
    port = free_port()
    with (folder / "redis.log").open("wb") as log:
        server = subprocess.Popen(
            [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(timeout=10)


def eventually(cluster: Cluster, true: Callable[[], Any], seconds: float, what: str) -> None:
    """Waits until it is true; gives up with the name of the part that ended, or of what did not come."""
    deadline = time.monotonic() + seconds
    while not true():
        for name, part in cluster.parts.items():
            if part.poll() is not None:
                raise SystemExit(
                    f"{name} ended with {part.returncode}: {_tail(cluster.folder / f'{name}.log')}"
                )
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {seconds:.0f} s: {what}; logs in {cluster.folder}")
        time.sleep(0.5)
    cluster.say(what)


def descendants(pid: int) -> list[int]:
    """Every process below this one."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                stat = (
                    (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                )
                children.setdefault(int(stat[1]), []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tail(file: Path) -> str:
    return "\n".join(file.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--candidates", type=int, default=2000, help="in the sandbox's company (default: 2000)"
    )
    parser.add_argument(
        "--keep", action="store_true", help="keep the folder with every log, though all went well"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
