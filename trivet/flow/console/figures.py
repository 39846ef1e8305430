"""Figures that cost too much to make for every look at a page: made when somebody asks, kept in the state folder.

Agreement opens every judgement and assessment, the spread of scores the newest of them. What is kept holds counts and means,
nobody's name and no single score.
"""

import json
import os
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from trivet import statistics
from trivet.flow import drift
from trivet.flow.definition import load_flow
from trivet.flow.hub import Hub
from trivet.flow.judging import assessed
from trivet.flow.judging.agreement import agreement
from trivet.flow.judging.score_drift import MOST
from trivet.ledger import documents, shapes
from trivet.ledger.times import stamp

Row = dict[str, Any]
DAYS = 90


@dataclass(frozen=True, slots=True)
class Figures:
    """What was counted, and when."""

    made_at: str
    agreement: list[Row]
    scores: list[Row]
    """Per scorer version and competency: days with how many and their mean, oldest first."""


def kept(hub: Hub, flow_name: str) -> Figures | None:
    """The flow's figures as somebody had them made last."""
    try:
        data = json.loads(_file(hub, flow_name).read_bytes())
        return Figures(**data)
    except (OSError, ValueError, TypeError):
        return None


def make(hub: Hub, flow_name: str) -> Figures:
    """Counts anew, and keeps it."""
    made = Figures(stamp(hub.now()), agreement(hub, flow_name), _scores(hub, flow_name))
    file = _file(hub, flow_name)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_text(
        json.dumps({"made_at": made.made_at, "agreement": made.agreement, "scores": made.scores})
    )
    draft.replace(file)
    return made


def noticed(hub: Hub, flow_name: str) -> list[Row]:
    """Fields, versions and scores that look different and that nobody has accepted."""
    flow = load_flow(hub.settings.home, flow_name)
    with hub.ledger.read() as tx:
        return drift.shown(shapes.noticed(tx, tenant=flow.tenant, flow=flow.name))


def _scores(hub: Hub, flow_name: str) -> list[Row]:
    flow = load_flow(hub.settings.home, flow_name)
    begin = stamp(hub.now() - timedelta(days=DAYS))
    days: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with hub.ledger.read() as tx:
        for entry in documents.since(tx, flow.tenant, assessed.ASSESSMENT, begin, stamp(hub.now()), MOST):
            if assessed.of_flow(flow, entry.document):
                version = assessed.made_by(entry.document)
                for measure, value in assessed.measures(entry.document):
                    days[version, measure][entry.changed_at[:10]].append(value)
    return [
        {
            "scorers": version,
            "measure": measure,
            "days": [
                {"day": day, "n": len(values), "mean": round(statistics.mean(values), 3)}
                for day, values in sorted(by_day.items())
            ],
        }
        for (version, measure), by_day in sorted(days.items())
    ]


def _file(hub: Hub, flow_name: str) -> Any:
    return hub.settings.state / "figures" / f"{flow_name}.json"
