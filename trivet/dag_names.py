"""What a flow's DAGs are called, for who makes them and who starts them."""

import re
from collections.abc import Iterable


def sync_dag(flow: str) -> str:
    """The DAG of the flow's nights."""
    return _named("sync", flow)


def event_dag(flow: str) -> str:
    """The DAG of the flow's fresh results."""
    return _named("event", flow)


def approve_dag(flow: str) -> str:
    """The DAG of the questions that the flow's nights put to a named person; a run's id is the approval's."""
    return _named("approve", flow)


def _named(kind: str, flow: str) -> str:
    # airflow allows letters, digits, `_`, `-` and `.` only
    return f"{kind}__" + re.sub(r"[^\w.-]", "_", flow)


def flow_of(dag: str, flows: Iterable[str]) -> str | None:
    """Which of these flows the DAG runs; None for a DAG of none of them."""
    return next((flow for flow in flows if dag in (sync_dag(flow), event_dag(flow), approve_dag(flow))), None)
