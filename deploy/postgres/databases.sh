#!/bin/bash
# the two databases, each owned by a user who sees nothing of the other; run once, by the image, on an empty volume
set -euo pipefail
for name in airflow ledger; do
    password=$(cat "/run/secrets/${name}_password")
    psql --username postgres --set ON_ERROR_STOP=1 --set name="$name" --set password="$password" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name" ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
