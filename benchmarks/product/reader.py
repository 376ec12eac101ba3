"""Prints the id of the first agent and an API key: `python -m benchmarks.product.reader`."""

import json
import sys

from loquent.agents.models import TextAgent
from loquent.organizations.services.organizations import create_api_key

if __name__ == "__main__":
    agent = TextAgent.objects.select_related("organization").earliest("created_at")
    _, key = create_api_key(organization=agent.organization, name="Sync")
    sys.stdout.write(json.dumps([str(agent.id), key]))
