#!/bin/sh
# restore.sh [FILE]: puts a dump, the newest of $BACKUP_DIR where none is named, in the place of what
# is in the database of PGHOST, PGUSER and PGDATABASE: all of it or nothing. Stop the server first.
set -eu

if [ -n "${PGPASSWORD_FILE:-}" ]; then
    PGPASSWORD="$(cat "$PGPASSWORD_FILE")"
    export PGPASSWORD
fi
file="${1:-$(find "$BACKUP_DIR" -name 'loquent-*.dump' | sort | tail -n 1)}"
if [ ! -s "$file" ]; then
    echo "There is no dump ${file:-in $BACKUP_DIR}." >&2
    exit 1
fi
pg_restore --clean --if-exists --no-owner --single-transaction --dbname="$PGDATABASE" "$file"
echo "Restored $file. Now run \`manage.py migrate\`, and start the server."
