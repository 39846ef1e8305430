#!/bin/sh
# makes every secret that docker-compose.yaml names, once; what is there stays. Keep the folder out of version control
# and ledger_keys in a second place: without the keys nobody reads the ledger
set -eu
folder=${1:-$(dirname "$0")/secrets}
umask 077
mkdir -p "$folder"
cd "$folder"
random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
put() { [ -e "$1" ] || { printf '%s' "$2" > "$1"; echo "made $folder/$1"; }; }
urlsafe() { head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n'; }
for name in postgres_password airflow_password ledger_password redis_password api_secret_key jwt_secret metrics_token; do
    put "$name" "$(random)"
done
put fernet_key "$(urlsafe)"
put airflow_database "postgresql+psycopg2://airflow:$(cat airflow_password)@postgres/airflow"
put celery_result_backend "db+postgresql+psycopg2://airflow:$(cat airflow_password)@postgres/airflow"
put celery_broker "redis://:$(cat redis_password)@redis:6379/0"
put ledger_database "postgresql+psycopg://ledger:$(cat ledger_password)@postgres/ledger"
put connections.json '{}'
# login and endpoint of the object store of recordings: {"key": "…", "secret": "…", "endpoint_url": "…"}
put recordings_store '{}'
[ -e ledger_keys ] || { printf 'k1:%s\n' "$(head -c 32 /dev/urandom | base64 | tr -d '\n')" > ledger_keys; echo "made $folder/ledger_keys"; }
# the containers' user, not root, reads them
chmod 0444 ./*
# these two are a person's to fill in
chmod 0644 connections.json recordings_store
