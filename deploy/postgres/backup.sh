#!/bin/bash
# every night at BACKUP_AT both databases into /backups, whole or not at all; the newest BACKUP_KEEP of each are kept.
# with the word `now`: one round, and an end. people's keys are not in the ledger's dump but in people-keys.dump, of which
# only the newest is kept: erasing a person's key erases every older dump of the ledger (docs/security.md)
set -euo pipefail
host=${PGHOST:-postgres}
keys=(subject_key tombstone erasure legal_hold)
dump() { PGPASSWORD=$(cat "${SECRETS:-/run/secrets}/$1_password") "${@:2}" --host "$host" --username "$1"; }
people() {
    local file=${BACKUPS:-/backups}/people-keys.dump
    [ "$(dump ledger psql -At -d ledger -c "SELECT to_regclass('subject_key') IS NOT NULL")" = t ] || return 0
    dump ledger pg_dump --format custom --data-only "${keys[@]/#/--table=}" --file "$file.partial" -d ledger
    pg_restore --list "$file.partial" > /dev/null
    mv "$file.partial" "$file"
}
copy() {
    local name=$1 file
    file=${BACKUPS:-/backups}/$name-$(date -u +%Y%m%dT%H%M%SZ).dump
    dump "$name" pg_dump --format custom "${keys[@]/#/--exclude-table-data=}" --file "$file.partial" -d "$name"
    # a file that pg_restore cannot list is no backup
    pg_restore --list "$file.partial" > /dev/null
    mv "$file.partial" "$file"
    ls -1t ${BACKUPS:-/backups}/"$name"-*.dump | tail -n "+$((${BACKUP_KEEP:-14} + 1))" | xargs -r rm --
    echo "$(date -u +%FT%TZ) $file"
}
round() { copy ledger; people; copy airflow; }
if [ "${1:-}" = now ]; then round; exit; fi
while true; do
    now=$(date +%s); due=$(date -d "today $BACKUP_AT" +%s)
    [ "$due" -gt "$now" ] || due=$(date -d "tomorrow $BACKUP_AT" +%s)
    sleep $((due - now))
    round || echo "$(date -u +%FT%TZ) BACKUP FAILED" >&2
done
