#!/bin/sh
# Writes the secrets of the environment into files of $SECRETS_DIR, which only containers mount.
set -eu

write() {
    printf '%s' "$2" >"$SECRETS_DIR/.$1"
    # Whoever mounts the directory may read them: each container runs as another user.
    chmod 0444 "$SECRETS_DIR/.$1"
    mv -f "$SECRETS_DIR/.$1" "$SECRETS_DIR/$1"
}

case "$POSTGRES_PASSWORD" in
*[!A-Za-z0-9]*)
    echo "POSTGRES_PASSWORD has other characters than letters and digits." >&2
    exit 1
    ;;
esac
write secret-key "$SECRET_KEY"
write postgres-password "$POSTGRES_PASSWORD"
write database-url "postgres://loquent:$POSTGRES_PASSWORD@postgres:5432/loquent"
write openai-api-key "${OPENAI_API_KEY:-}"
write email-url "${EMAIL_URL:-}"
write metrics-token "${METRICS_TOKEN:-}"
