"""How many questions to an invented shop are answered rightly; the numbers must not fall."""

from collections.abc import Callable

import pytest
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from loquent.agents.tests.shop import make_shop
from loquent.organizations.models import Organization


# What was reached, less a question of slack; docs/answers.md has the exact figures.
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("language", "meaning", "at_1", "at_3", "wrongly", "rightly"),
    [
        ("en", False, 59, 63, 20, 55),
        ("de", False, 66, 75, 23, 60),
        ("en", True, 75, 87, 8, 59),
        ("de", True, 88, 93, 8, 70),
    ],
)
def test_answers_to_the_shop_are_as_good_as_they_were(
    acme: Organization,
    acme_key: str,
    api: Callable[..., APIClient],
    settings: Settings,
    language: str,
    meaning: bool,
    at_1: float,
    at_3: float,
    wrongly: float,
    rightly: float,
) -> None:
    settings.MEANING = meaning
    client = api(acme_key)
    agent = make_shop(acme, language)
    while True:
        response = client.post(f"/api/v1/agents/{agent.id}/evaluate/")
        if response.status_code != 503:
            break
    result = response.json()
    assert result["right_at_1"] >= at_1
    assert result["right_at_3"] >= at_3
    assert result["refused_wrongly"] <= wrongly
    assert result["refused_rightly"] >= rightly
    assert result["persons"] == 100
