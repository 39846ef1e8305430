#!/bin/bash
# every night at BACKUP_AT both databases into /backups, whole or not at all; the newest BACKUP_KEEP of each are kept.
# with the word `now`: one round, and an end
set -euo pipefail
host=${PGHOST:-postgres}
copy() {
    local name=$1 file
    file=${BACKUPS:-/backups}/$name-$(date -u +%Y%m%dT%H%M%SZ).dump
    PGPASSWORD=$(cat "${SECRETS:-/run/secrets}/${name}_password") \
        pg_dump --host "$host" --username "$name" --format custom --file "$file.partial" "$name"
    # a file that pg_restore cannot list is no backup
    pg_restore --list "$file.partial" > /dev/null
    mv "$file.partial" "$file"
    ls -1t ${BACKUPS:-/backups}/"$name"-*.dump | tail -n "+$((${BACKUP_KEEP:-14} + 1))" | xargs -r rm --
    echo "$(date -u +%FT%TZ) $file"
}
round() { copy ledger; copy airflow; }
if [ "${1:-}" = now ]; then round; exit; fi
while true; do
    now=$(date +%s); due=$(date -d "today $BACKUP_AT" +%s)
    [ "$due" -gt "$now" ] || due=$(date -d "tomorrow $BACKUP_AT" +%s)
    sleep $((due - now))
    round || echo "$(date -u +%FT%TZ) BACKUP FAILED" >&2
done
