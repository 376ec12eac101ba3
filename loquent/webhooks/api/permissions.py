"""Who may manage webhooks."""

from loquent.organizations.api.authentication import RolePermission
from loquent.organizations.models import ApiKey, Role, Scope


class WebhookPermission(RolePermission):
    """Owners, and API keys that may write: a webhook sees every conversation."""

    reading = writing = Role.OWNER

    def may_key(self, api_key: ApiKey, *, is_reading: bool) -> bool:
        self.message = "This API key is read-only. Webhooks need one with the scope write."
        return api_key.scope == Scope.WRITE
