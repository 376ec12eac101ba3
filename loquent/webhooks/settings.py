"""The settings of webhooks, which loquent/settings.py takes over."""

from loquent.env import envbool, envnetworks, envseconds

__all__ = ["WEBHOOK_ALLOWED_NETWORKS", "WEBHOOK_ALLOW_HTTP", "WEBHOOK_RETRY_SECONDS"]

# The seconds before each attempt; as many attempts as numbers.
WEBHOOK_RETRY_SECONDS = envseconds(
    "WEBHOOK_RETRY_SECONDS",
    (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400),
)
# Beyond https to public addresses.
WEBHOOK_ALLOWED_NETWORKS = envnetworks("WEBHOOK_ALLOWED_NETWORKS")
WEBHOOK_ALLOW_HTTP = envbool("WEBHOOK_ALLOW_HTTP", False)
