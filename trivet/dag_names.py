"""What a flow's DAGs are called, for who makes them and who starts them."""

import re


def sync_dag(flow: str) -> str:
    """The DAG of the flow's nights."""
    return _named("sync", flow)


def event_dag(flow: str) -> str:
    """The DAG of the flow's fresh results."""
    return _named("event", flow)


def _named(kind: str, flow: str) -> str:
    # airflow allows letters, digits, `_`, `-` and `.` only
    return f"{kind}__" + re.sub(r"[^\w.-]", "_", flow)
