"""Decides again what was refused, got stuck or was set aside, with the files that count now, and sends the difference."""

from airflow.sdk import DAG, Param, task

from trivet.airflow import aftercare
from trivet.airflow.retry import TrivetRetry

with DAG(
    "replay",
    schedule=None,
    description="重放被拒绝或搁置的记录 · send again what was refused or set aside",
    doc_md=__doc__,
    tags=["trivet", "delivery"],
    max_active_runs=1,
    catchup=False,
    params={
        "what": Param(
            "",
            type="string",
            title="What · 对象",
            description="An operation's id or reference, a batch, or a person; empty: all that match.",
        ),
        "flow": Param(
            "", type="string", title="Flow · 流程", description="Only this flow; empty: every flow."
        ),
        "state": Param(
            "rejected",
            enum=["", "rejected", "stuck", "set_aside"],
            title="State · 状态",
            description="Only this state; empty: all three.",
        ),
        "again": Param(
            False,
            type="boolean",
            title="Same document · 原样重发",
            description="Send the same document once more: the target was mended.",
        ),
    },
    default_args={"retries": 0, "retry_policy": TrivetRetry(), "owner": "trivet"},
) as dag:
    task(aftercare.replay)()
