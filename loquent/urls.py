"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from rest_framework.routers import DefaultRouter

from loquent.agents.action_api import AgentActionViewSet
from loquent.agents.answer_api import AgentAnswersViewSet
from loquent.agents.api import TextAgentViewSet
from loquent.agents.connection_api import ModelConnectionViewSet
from loquent.agents.question_api import AgentQuestionViewSet
from loquent.agents.source_api import AgentSourceViewSet
from loquent.organizations.api.api_keys import ApiKeyViewSet
from loquent.organizations.api.members import MemberViewSet
from loquent.rest.docs import ApiDocs
from loquent.rest.errors import unknown_path
from loquent.rest.schema import ApiSchema
from loquent.webhooks.api.webhooks import EventViewSet, WebhookViewSet
from widgets.admin.notifications import manifest, service_worker
from widgets.api.contacts import ContactDataViewSet
from widgets.api.desk import AvailabilityViewSet, SavedReplyViewSet
from widgets.api.sessions import WidgetSessionViewSet
from widgets.api.unanswered import UnansweredViewSet
from widgets.api.widgets import WidgetViewSet

router = DefaultRouter()
router.include_format_suffixes = False
router.register("widgets", WidgetViewSet, basename="widget")
router.register("agents", TextAgentViewSet, basename="agent")
router.register("connections", ModelConnectionViewSet, basename="connection")
router.register(
    r"agents/(?P<agent_id>[0-9a-f-]{36})/questions", AgentQuestionViewSet, basename="agent-question"
)
router.register(
    r"agents/(?P<agent_id>[0-9a-f-]{36})/sources", AgentSourceViewSet, basename="agent-source"
)
router.register(
    r"agents/(?P<agent_id>[0-9a-f-]{36})/actions", AgentActionViewSet, basename="agent-action"
)
router.register("contacts", ContactDataViewSet, basename="contact")
router.register("sessions", WidgetSessionViewSet, basename="session")
router.register("api-keys", ApiKeyViewSet, basename="api-key")
router.register("webhooks", WebhookViewSet, basename="webhook")
router.register("events", EventViewSet, basename="event")
router.register("members", MemberViewSet, basename="member")
router.register("saved-replies", SavedReplyViewSet, basename="saved-reply")

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/manifest.webmanifest", manifest, name="push-manifest"),
    path("admin/service-worker.js", service_worker, name="push-worker"),
    path("admin/", admin.site.urls),
    path(
        "api/v1/agents/<uuid:pk>/search/",
        AgentAnswersViewSet.as_view({"get": "find"}, detail=True),
        name="agent-search",
    ),
    path(
        "api/v1/agents/<uuid:pk>/evaluate/",
        AgentAnswersViewSet.as_view({"post": "evaluate"}, detail=True),
        name="agent-evaluate",
    ),
    # The same by another name: beside the questions.
    path(
        "api/v1/agents/<uuid:pk>/questions/evaluate/",
        AgentAnswersViewSet.as_view({"post": "evaluate"}, detail=True, schema=None),
        name="agent-questions-evaluate",
    ),
    path(
        "api/v1/agents/<uuid:pk>/unanswered/",
        UnansweredViewSet.as_view({"get": "find"}, detail=True),
        name="agent-unanswered",
    ),
    path(
        "api/v1/agents/<uuid:pk>/unanswered/<uuid:question_id>/",
        UnansweredViewSet.as_view({"post": "close"}, detail=True),
        name="agent-unanswered-close",
    ),
    path(
        "api/v1/availability/",
        AvailabilityViewSet.as_view({"get": "read", "put": "write"}),
        name="availability",
    ),
    path("api/v1/", include(router.urls)),
    path("api/v1/<path:rest>", unknown_path),
    path("api/schema/", ApiSchema.as_view(), name="schema"),
    path("api/docs/", ApiDocs.as_view(), name="api-docs"),
    path("", include("widgets.urls")),
    path("api/", unknown_path, {"rest": "/"}),
    path("api/<path:rest>", unknown_path),
]
# Below /api/, all errors are JSON.
handler400 = "loquent.rest.errors.bad_request"
handler500 = "loquent.rest.errors.server_error"
