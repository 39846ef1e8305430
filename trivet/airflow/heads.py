"""What the DAG factory needs of a flow file, read cheaply; the flow's own run validates the whole file.

The DAG processor parses all the time and each task's process parses again: nothing is imported here but
Airflow's own YAML reader, and a file costs about a millisecond.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from airflow.sdk import CronTriggerTimetable
from airflow.sdk import yaml as airflow_yaml
from airflow.sdk.exceptions import AirflowTimetableInvalid

from trivet.errors import ConfigError
from trivet.settings import load_settings

MOST_SHARDS = 64
QUEUES = ("scoring", "gpu")


@dataclass(frozen=True, slots=True)
class FlowHead:
    """The part of a flow file that shapes its DAG."""

    name: str
    title: str
    owner: str
    tenant: str
    environment: str
    sources: tuple[str, ...]
    schedule: CronTriggerTimetable | None
    shards: int
    """0 where nothing is scored."""
    queue: str
    """Of the tasks that score; an executor without queues takes no notice."""
    targets: tuple[str, ...]
    backs: tuple[str, ...]
    """HR systems that hear what came of it."""
    hears: bool
    """It reads an HR system, which may tell of fresh results."""


def flow_files() -> list[Path]:
    """The flow files of this deployment, by name."""
    # not trivet.flow.definition's: that module brings the validator and the YAML reader with line numbers
    return sorted((load_settings().mappings / "flows").glob("*.yaml"))


def read_head(file: Path) -> FlowHead:
    """The head of a flow file; `ConfigError` names the file and what cannot be read."""
    try:
        return _head(file.stem, airflow_yaml.safe_load(file.read_text(encoding="utf-8")))
    except airflow_yaml.YAMLError as error:  # type: ignore[attr-defined]  # passed on at run time only
        mark = getattr(error, "problem_mark", None)
        place = f"{file}:{mark.line + 1}" if mark else str(file)
        raise _broken(place, f"not YAML: {getattr(error, 'problem', None) or error}") from None
    except KeyError as error:
        raise _broken(str(file), f"{error.args[0]!r} is missing") from None
    except ZoneInfoNotFoundError as error:
        raise _broken(str(file), f"schedule.timezone: {error.args[0]}") from None
    except (OSError, TypeError, ValueError, AttributeError) as error:
        raise _broken(str(file), str(error)) from None


def _head(name: str, flow: Any) -> FlowHead:
    metadata, scoring = flow["metadata"], flow.get("scoring")
    shards = 0 if scoring is None else scoring.get("shards", 1)
    if scoring is not None and not (isinstance(shards, int) and 1 <= shards <= MOST_SHARDS):
        raise ValueError(f"scoring.shards is {shards!r}, not a number from 1 to {MOST_SHARDS}")
    return FlowHead(
        name=name,
        title=str(metadata.get("title", name)),
        owner=str(metadata.get("owner", "trivet")),
        tenant=str(flow["tenant"]),
        environment=str(flow["environment"]),
        sources=tuple(_id(entry["connection"]) for entry in _inflows(flow)),
        schedule=_schedule(flow.get("schedule") or {}, flow.get("site")),
        shards=shards,
        queue=_queue(scoring or {}),
        targets=tuple(dict.fromkeys(_id(entry["connection"]) for entry in flow.get("deliver", []))),
        backs=tuple(dict.fromkeys(_backs(flow))),
        hears="source" in flow,
    )


def _queue(scoring: dict[str, Any]) -> str:
    queue = scoring.get("queue", "scoring")
    if queue not in QUEUES:
        raise ValueError(f"scoring.queue is {queue!r}, not one of {', '.join(QUEUES)}")
    return str(queue)


def _backs(flow: Any) -> Iterator[str]:
    yield from (_id(flow[back]["connection"]) for back in ("write_back", "feedback") if back in flow)
    if "assessment_orders" in flow:
        orders = flow["assessment_orders"]
        yield _id(orders.get("target", orders["connection"]))


def _inflows(flow: Any) -> list[Any]:
    read = [*([flow["source"]] if "source" in flow else []), *flow.get("knows", [])]
    if not read:
        raise KeyError("source")
    return read


def _schedule(schedule: dict[str, Any], site: Any) -> CronTriggerTimetable | None:
    if "cron" not in schedule:
        return None
    zone = schedule.get("timezone") or _zone_of(site)
    ZoneInfo(zone)
    # airflow would make up for a night up to a tenth of the interval ago: a flow that is switched on at breakfast waits
    # for the evening
    timetable = CronTriggerTimetable(str(schedule["cron"]), timezone=zone, run_immediately=timedelta(0))
    try:
        timetable.validate()
    except AirflowTimetableInvalid as error:
        raise ValueError(f"schedule.cron {schedule['cron']!r}: {error}") from None
    return timetable


def _zone_of(site: Any) -> str:
    """The time zone of the flow's site; a file that cannot be read is told by the flow's own run."""
    file = load_settings().mappings / "sites" / f"{site}.yaml"
    if not isinstance(site, str) or not file.is_file():
        return "UTC"
    said = airflow_yaml.safe_load(file.read_text(encoding="utf-8"))
    return str(said.get("timezone", "UTC")) if isinstance(said, dict) else "UTC"


def _id(connection: Any) -> str:
    # becomes part of a task id
    if not isinstance(connection, str) or not re.fullmatch(r"[\w.-]+", connection):
        raise ValueError(f"{connection!r} is not a connection id")
    return connection


def _broken(place: str, problem: str) -> ConfigError:
    return ConfigError(
        problem,
        code="FLOW_UNREADABLE",
        place=place,
        cure="correct the file; `trivet check` shows every complaint with line and column",
    )
