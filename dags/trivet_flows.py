"""One DAG `sync__<flow>` per file in mappings/flows; airflow's processor finds them here."""

from trivet.airflow.factory import flow_dags

globals().update({dag.dag_id: dag for dag in flow_dags()})
