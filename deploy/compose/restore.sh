#!/bin/sh
# restore.sh [FILE]: replaces the contents of the database of PGHOST, PGUSER and PGDATABASE with a
# dump (default: the newest in $BACKUP_DIR), completely or not at all. Stop the server first.
set -eu
umask 077

if [ -n "${PGPASSWORD_FILE:-}" ]; then
    PGPASSWORD="$(cat "$PGPASSWORD_FILE")"
    export PGPASSWORD
fi
file="${1:-$(find "$BACKUP_DIR" -name 'loquent-*.dump' | sort | tail -n 1)}"
if [ ! -s "$file" ]; then
    echo "There is no dump ${file:-in $BACKUP_DIR}." >&2
    exit 1
fi
sql="$BACKUP_DIR/.restore.sql"
trap 'rm -f "$sql"' EXIT
trap 'exit 1' HUP INT TERM
rm -f "$sql"
# Convert the whole dump before changing anything: a broken dump fails here. Drop comments on
# extensions, because only their owners can set them.
pg_restore --no-owner --no-comments --file="$sql" "$file"
# pg_restore --clean drops only objects in the dump, and fails if a newer table refers to one.
# Staff sessions that ended after the dump was made must not be valid again, so all of them end.
psql --no-psqlrc --quiet --output=/dev/null --set=ON_ERROR_STOP=1 --single-transaction \
    --file="$(dirname "$0")/empty.sql" --file="$sql" \
    --command='DELETE FROM public.django_session'
echo "Restored $file. Now run \`manage.py migrate\`, and start the server."
