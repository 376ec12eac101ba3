"""Makes what our server needs in an empty database: `python -m benchmarks.product.seed`.

Prints the public id of the widget. The database is that of DATABASE_URL.
"""

import sys

from django.core.management import call_command

from loquent.agents.services import create_agent
from loquent.organizations.models import Organization
from widgets.services.configs import create_widget
from widgets.types import ContactInfoMode, WidgetConfigData

ORIGIN = "https://shop.example.com"
CAP = 1_000_000_000


def make_widget() -> str:
    """A widget with a list of origins, a form, and a daily cap that is never reached."""
    organization = Organization.objects.create(name="Benchmarks", default_phone_region="CH")
    agent = create_agent(
        organization=organization,
        data={"name": "Helper", "model": "openai-chat:benchmark", "instructions": "Be brief."},
    )
    data = WidgetConfigData(
        text_agent_id=agent.id,
        allowed_origins=["https://*.example.org", ORIGIN],
        contact_info_mode=ContactInfoMode.OPTIONAL,
        collect_email=True,
        daily_message_cap=CAP,
    )
    return create_widget(organization=organization, data=data).widget_id


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    sys.stdout.write(make_widget())
