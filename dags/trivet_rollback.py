"""Takes back what a batch or a person was sent: shows what would be undone, asks a second person, then does it.

Production always asks; a sandbox run asks where its param says so. A refusal, or the same person in both roles, fails the
run and undoes nothing.
"""

from datetime import timedelta

from airflow.sdk import DAG, Param, task

from trivet.airflow import tasks
from trivet.airflow.approval import SecondPerson
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
        "four_eyes": Param(
            False,
            type="boolean",
            title="Four eyes · 四眼原则",
            description="A second person has to approve; in production this is so whatever stands here.",
        ),
    },
    default_args={"retries": 0, "retry_policy": TrivetRetry(), "owner": "trivet"},
) as dag:
    approve = SecondPerson(
        task_id="approve",
        subject="撤回？ · Roll this back?",
        body="{{ ti.xcom_pull(task_ids='preview') }}",
        defaults="Reject",
        response_timeout=timedelta(hours=24),
    )
    task(tasks.preview)() >> approve >> task(tasks.undo)()
