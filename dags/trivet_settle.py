"""Every minute: what was sent and not answered is settled by asking the system, after its quiet time."""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable, task

from trivet.airflow import tasks
from trivet.airflow.retry import TrivetRetry

with DAG(
    "settle",
    schedule=CronTriggerTimetable("* * * * *", timezone="UTC"),
    description="结算未知结果 · settle what was sent and not answered",
    doc_md=__doc__,
    tags=["trivet", "delivery"],
    # two at once would ask the vendor the same questions twice
    max_active_runs=1,
    catchup=False,
    # no retries: the next minute is the retry
    default_args={"retries": 0, "retry_policy": TrivetRetry(), "owner": "trivet"},
    dagrun_timeout=timedelta(minutes=30),
) as dag:
    task(tasks.settle)()
