"""Everything that knows Airflow: DAGs, retries, connections, forms, pages. It decides nothing."""
