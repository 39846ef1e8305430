"""Takes back what a batch or a person was sent: first shows what would be undone, then does it."""

from airflow.sdk import DAG, Param, task

from trivet.airflow import tasks
from trivet.airflow.retry import TrivetRetry

with DAG(
    "rollback",
    schedule=None,
    description="撤回一个批次或一个人的推送 · take back what a batch or a person was sent",
    doc_md=__doc__,
    tags=["trivet", "delivery"],
    max_active_runs=1,
    catchup=False,
    params={
        "what": Param(
            type="string",
            minLength=1,
            title="Batch or person · 批次或人员",
            description="A batch id, a candidate id, an employee number or a pseudonym; see the page Trivet.",
        ),
        "reason": Param(
            type="string", minLength=3, title="Reason · 原因", description="Kept in the audit trail for good."
        ),
    },
    default_args={"retries": 0, "retry_policy": TrivetRetry(), "owner": "trivet"},
) as dag:
    task(tasks.preview)() >> task(tasks.undo)()
