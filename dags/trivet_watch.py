"""Every five minutes: what went wrong since, and what is over, goes to the channels of mappings/alerts.yaml, once each."""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable, task

from trivet.airflow import watching
from trivet.airflow.retry import TrivetRetry

with DAG(
    "watch",
    schedule=CronTriggerTimetable("*/5 * * * *", timezone="UTC"),
    description="告警与日报 · alerts and the daily digest",
    doc_md=__doc__,
    tags=["trivet", "watch"],
    # two at once would look at the same things; the messages are claimed one by one either way
    max_active_runs=1,
    catchup=False,
    # no retries: the next look is the retry
    default_args={"retries": 0, "retry_policy": TrivetRetry(), "owner": "trivet"},
    dagrun_timeout=timedelta(minutes=15),
) as dag:
    task(watching.watch)()
