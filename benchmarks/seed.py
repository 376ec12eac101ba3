"""Makes what our server needs in an empty database: `python -m benchmarks.seed WIDGETS`.

Prints the widgets' public ids as JSON. The database is that of DATABASE_URL.
"""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loquent.settings")
django.setup()

from django.core.management import call_command  # noqa: E402

from loquent.agents.services.agents import create_agent  # noqa: E402
from loquent.organizations.models import Organization  # noqa: E402
from widgets.services.configs import create_widget  # noqa: E402
from widgets.types import ContactInfoMode, WidgetConfigData  # noqa: E402

ORIGIN = "https://shop.example.com"
CAP = 1_000_000_000


def make_widgets(count: int) -> list[str]:
    """Widgets of one agent, each with a list of origins, a form and a cap that is never reached."""
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
    widgets = [create_widget(organization=organization, data=data) for _ in range(count)]
    return [widget.widget_id for widget in widgets]


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    sys.stdout.write(json.dumps(make_widgets(int(sys.argv[1]))))
