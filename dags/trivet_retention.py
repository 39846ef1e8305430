"""Every night: ends what was kept long enough by the sites' rules, and goes on with erasures that waited for something."""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable, task

from trivet.airflow import aftercare
from trivet.airflow.retry import TrivetRetry

with DAG(
    "retention",
    # before the morning's count; switched on at breakfast it waits for the next night
    schedule=CronTriggerTimetable("0 4 * * *", timezone="UTC", run_immediately=timedelta(0)),
    description="保存期限与删除 · end what was kept long enough, go on with erasures",
    doc_md=__doc__,
    tags=["trivet", "privacy"],
    max_active_runs=1,
    catchup=False,
    default_args={"retries": 0, "retry_policy": TrivetRetry(), "owner": "trivet"},
    dagrun_timeout=timedelta(hours=4),
) as dag:
    task(aftercare.retention)()
