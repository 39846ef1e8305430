"""Every morning: counts at every target what was sent, is confirmed and is found, and proves and anchors the audit trail."""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable, task

from trivet.airflow import aftercare
from trivet.airflow.retry import TrivetRetry

with DAG(
    "reconcile",
    # after the nights, before the people come; switched on at breakfast it waits for the next morning
    schedule=CronTriggerTimetable("0 5 * * *", timezone="UTC", run_immediately=timedelta(0)),
    description="对账与审计链核验 · count what arrived, prove the audit trail",
    doc_md=__doc__,
    tags=["trivet", "delivery"],
    max_active_runs=1,
    catchup=False,
    default_args={"retries": 0, "retry_policy": TrivetRetry(), "owner": "trivet"},
    dagrun_timeout=timedelta(hours=4),
) as dag:
    task(aftercare.reconcile)()
    # a head that was noted after a break would cover it up
    task(aftercare.verify_audit)() >> task(aftercare.anchor_audit)()
