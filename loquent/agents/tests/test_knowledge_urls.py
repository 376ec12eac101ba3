"""The link of a knowledge entry is shown to visitors: http or https, whichever door it comes by."""

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client

from loquent.agents.models import KnowledgeEntry, TextAgent
from loquent.organizations.models import Organization
from loquent.testing.people import api_client, make_agent

BAD = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "javascript://example.com/%0aalert(1)",
    "java\nscript:alert(1)",
    " javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "ftp://example.com/",
    "//example.com/",
    "/path",
    'https://example.com/"onmouseover="alert(1)',
    "https://example.com/<script>",
]


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return make_agent(acme, knowledge=[])


@pytest.mark.parametrize("url", BAD[:-2])
def test_model_refuses_unsafe_url(agent: TextAgent, url: str) -> None:
    entry = KnowledgeEntry(agent=agent, title="T", content="C", url=url)
    with pytest.raises(ValidationError) as error:
        entry.full_clean()
    assert list(error.value.message_dict) == ["url"]


@pytest.mark.parametrize("url", BAD[:-2])
def test_api_refuses_unsafe_url(agent: TextAgent, acme_key: str, url: str) -> None:
    body = {"knowledge": [{"title": "T", "content": "C", "url": url}]}
    response = api_client(acme_key).patch(f"/api/v1/agents/{agent.id}/", body)
    # White space around an address is no part of it.
    assert response.status_code == 400, url
    assert list(response.json()["fields"]) == ["knowledge.0.url"]
    assert KnowledgeEntry.objects.count() == 0


@pytest.mark.parametrize("url", BAD[:-2])
def test_admin_refuses_unsafe_url(client: Client, alice: User, agent: TextAgent, url: str) -> None:
    client.force_login(alice)
    page = f"/admin/agents/textagent/{agent.id}/knowledge/save/"
    response = client.post(page, {"title": "T", "content": "C", "url": url})
    assert response.status_code == 400
    assert list(response.json()["fields"]) == ["url"]
    assert KnowledgeEntry.objects.count() == 0


@pytest.mark.parametrize("url", BAD[-2:])
def test_admin_escapes_url_in_its_attribute(
    client: Client, alice: User, agent: TextAgent, url: str
) -> None:
    KnowledgeEntry.objects.create(agent=agent, title=url, content=url, url=url)
    client.force_login(alice)
    body = client.get(f"/admin/agents/textagent/{agent.id}/change/").content.decode()
    assert url not in body
    assert '"onmouseover="' not in body
