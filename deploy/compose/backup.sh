#!/bin/sh
# backup.sh [once]: dumps the database of PGHOST, PGUSER and PGDATABASE into $BACKUP_DIR, once a day
# or just once, and keeps the newest $BACKUP_KEEP dumps. PGPASSWORD_FILE holds the password.
set -eu
umask 077
DAY=86400

if [ -n "${PGPASSWORD_FILE:-}" ]; then
    PGPASSWORD="$(cat "$PGPASSWORD_FILE")"
    export PGPASSWORD
fi

dump() {
    name="$BACKUP_DIR/loquent-$(date -u +%Y%m%dT%H%M%SZ).dump"
    # Give the dump its final name only once it is complete.
    if ! pg_dump --format=custom --no-owner --file="$name.part"; then
        rm -f "$name.part"
        echo "The backup failed." >&2
        return 1
    fi
    mv "$name.part" "$name"
    echo "Wrote $name"
    # Names sort by time.
    find "$BACKUP_DIR" -name 'loquent-*.dump' | sort -r | tail -n "+$((${BACKUP_KEEP:-14} + 1))" |
        while read -r old; do
            rm -f "$old"
            echo "Deleted $old"
        done
}

if [ "${1:-}" = once ]; then
    dump
    exit
fi
while :; do
    # Do not create another dump just because the container restarts.
    if [ -z "$(find "$BACKUP_DIR" -name 'loquent-*.dump' -mmin -1430)" ]; then
        dump || { sleep 300; continue; }
    fi
    sleep $((DAY / 24))
done
