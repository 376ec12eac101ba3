"""What the REST views of rows below an agent share."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter

from loquent.agents.models import TextAgent
from loquent.organizations.access import access_object
from loquent.organizations.api.base import OrganizationViewSet

AGENT_ID = OpenApiParameter(
    "agent_id",
    {"type": "string", "format": "uuid"},
    OpenApiParameter.PATH,
    required=True,
    description="The agent's id.",
)


class AgentRowsViewSet(OrganizationViewSet):
    """Rows of the agent whose id is in the path. Answers with 404 if there is no such agent."""

    organization_path = "agent__organization"
    lookup_value_regex = "[0-9a-f-]{36}"

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        return rows.filter(agent=self.agent())

    def agent(self) -> TextAgent:
        """Return the agent; raise `not_found`."""
        agents = TextAgent.objects.filter(organization=self.organization)
        return access_object(agents, pk=self.kwargs["agent_id"])
