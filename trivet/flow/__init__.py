"""The steps of a flow as plain functions over batch ids; Airflow tasks, the CLI and tests drive the same ones."""
