#!/bin/sh
# Writes the secrets in the environment to files: those of the server processes to
# $SECRETS_DIR/server, that of PostgreSQL and its backups to $SECRETS_DIR/postgres. Each directory is
# a volume that only the services that need it mount.
set -eu

write() {
    folder="$SECRETS_DIR/$1"
    printf '%s' "$3" >"$folder/.$2"
    # The services run as other users than this container.
    chmod 0444 "$folder/.$2"
    mv -f "$folder/.$2" "$folder/$2"
}

case "$POSTGRES_PASSWORD" in
*[!A-Za-z0-9]*)
    echo "POSTGRES_PASSWORD has other characters than letters and digits." >&2
    exit 1
    ;;
esac
write server secret-key "$SECRET_KEY"
write postgres postgres-password "$POSTGRES_PASSWORD"
write server database-url "postgres://loquent:$POSTGRES_PASSWORD@postgres:5432/loquent"
write server openai-api-key "${OPENAI_API_KEY:-}"
write server email-url "${EMAIL_URL:-}"
write server metrics-token "${METRICS_TOKEN:-}"
