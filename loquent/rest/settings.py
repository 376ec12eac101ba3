"""The settings of Django REST framework and drf-spectacular."""

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "loquent.organizations.api.authentication.ApiKeyAuthentication",
        "loquent.organizations.api.authentication.StaffSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["loquent.organizations.api.authentication.RolePermission"],
    "DEFAULT_THROTTLE_CLASSES": ["loquent.organizations.api.throttling.CallerThrottle"],
    "DEFAULT_FILTER_BACKENDS": [
        "loquent.rest.filters.StrictFilterBackend",
        "loquent.rest.filters.StrictOrderingFilter",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["loquent.rest.errors.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "loquent.rest.errors.NewestFirstPagination",
    "DEFAULT_SCHEMA_CLASS": "loquent.rest.openapi.OperationSchema",
    "EXCEPTION_HANDLER": "loquent.rest.errors.exception_handler",
    "PAGE_SIZE": 50,
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Loquent Widget API",
    "DESCRIPTION": (
        "Manage widgets, text agents, contacts and conversations of one organization.\n\nLists "
        "are pages of 50: `next` is the URL of the next page. Every error has the same format, "
        "with a `code` for programs."
    ),
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "loquent.rest.openapi.add_components",
        "loquent.webhooks.api.openapi.add_webhooks",
    ],
    "TAGS": [
        {"name": "widgets", "description": "Chats for websites."},
        {"name": "agents", "description": "The agents that answer visitors, and their knowledge."},
        {"name": "contacts", "description": "People who left their details."},
        {"name": "sessions", "description": "Visitors' conversations."},
        {"name": "members", "description": "Who belongs to the organization, and who is away."},
        {"name": "saved-replies", "description": "Texts that members answer with."},
        {
            "name": "api-keys",
            "description": (
                "API keys for programs. Only owners who are logged in can manage them."
            ),
        },
        {
            "name": "webhooks",
            "description": (
                "Webhooks, their deliveries, and the events they deliver. Only owners, and API "
                "keys with the scope `write`, can manage them."
            ),
        },
    ],
    "ENUM_NAME_OVERRIDES": {
        "MessageStatus": "widgets.types.MessageStatus",
        "CutReason": "widgets.types.CutReason",
        "MessageRole": "widgets.types.MessageRole",
        "Handler": "widgets.team_types.Handler",
        "WorkStatus": "widgets.team_types.WorkStatus",
        "AvailabilityStatus": "loquent.organizations.models.Availability",
        "Rating": "widgets.types.Rating",
    },
}
