"""What a webhook costs the services that write messages.

    .venv/bin/python -m benchmarks.webhooks [--rounds 5] [--replies 1000]

A new SQLite database is used, without sockets, model or worker. In each round, questions and their
answers are written one after the other, without a webhook and with one for all events. Prints the
CPU seconds per 1,000 replies: the median of the rounds, the least and the most.
"""

import argparse
import os
import statistics
import tempfile
import time
import uuid

import django

_folder = tempfile.TemporaryDirectory()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loquent.settings")
os.environ.setdefault("SECRET_KEY", "of-a-benchmark-" + "x" * 40)
os.environ["DATABASE_URL"] = f"sqlite:///{_folder.name}/benchmark.sqlite3"
os.environ["RATE_LIMITS"] = "off"
django.setup()

from django.core.management import call_command  # noqa: E402

from loquent.jobs.models import Job  # noqa: E402
from loquent.organizations.models import Organization  # noqa: E402
from loquent.testing.people import make_agent, make_widget  # noqa: E402
from loquent.webhooks.models import WebhookDelivery, WebhookEvent  # noqa: E402
from loquent.webhooks.services.endpoints import create_endpoint, delete_endpoint  # noqa: E402
from loquent.webhooks.types import EndpointData  # noqa: E402
from widgets.models import WidgetConfig  # noqa: E402
from widgets.services.sessions import create_widget_session  # noqa: E402
from widgets.services.turns.accept import PostedMessage, accept_messages  # noqa: E402
from widgets.services.turns.finish import finish_turns  # noqa: E402
from widgets.services.turns.handing_over import Outcome  # noqa: E402

ENDPOINT: EndpointData = {"url": "https://example.com/hook", "events": ["*"]}
PER_SESSION = 10
ANSWER = "You can return your order within 30 days. The label is in the parcel."


def write_replies(widget: WidgetConfig, count: int) -> float:
    """Write questions with their answers; return the CPU seconds that writing them took."""
    owner, cpu = uuid.uuid4(), 0.0
    for number in range(count):
        if number % PER_SESSION == 0:
            session, _ = create_widget_session(widget=widget)
        posted = PostedMessage(session.id, "How do I return it?", str(number), "198.51.100.1")
        began = time.process_time()
        [accepted] = accept_messages([posted], owner=owner)
        if isinstance(accepted, Exception) or accepted.turn is None:
            raise SystemExit("A message was not accepted.")
        finish_turns([(accepted.turn, Outcome(ANSWER))])
        cpu += time.process_time() - began
    return cpu


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--replies", type=int, default=1_000)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    organization = Organization.objects.create(name="Acme")
    widget = make_widget(organization, agent=make_agent(organization))
    write_replies(widget, 100)
    found: dict[str, list[float]] = {"without a webhook": [], "with a webhook": []}
    for _ in range(options.rounds):
        for name, seconds in found.items():
            endpoint = None
            if name == "with a webhook":
                endpoint = create_endpoint(organization=organization, data=ENDPOINT)
            seconds.append(write_replies(widget, options.replies) * 1_000 / options.replies)
            if endpoint is not None:
                if WebhookDelivery.objects.count() < 2 * options.replies:
                    raise SystemExit("The webhook did not get all events.")
                delete_endpoint(endpoint=endpoint)
                Job.objects.all().delete()
                WebhookEvent.objects.all().delete()
    for name, seconds in found.items():
        middle, least, most = statistics.median(seconds), min(seconds), max(seconds)
        print(f"{name}: {middle:.2f} ({least:.2f} to {most:.2f})")


if __name__ == "__main__":
    main()
