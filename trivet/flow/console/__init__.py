"""What the pages in the Airflow UI show and who may see it, as plain rows; no page and no Airflow in it."""
