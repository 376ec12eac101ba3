"""Fixtures for the visitors' side."""

import pytest

from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.scripted import ScriptedBackend
from widgets.models import WidgetConfig


@pytest.fixture
def widget(transactional_db: None, acme: Organization, scripted: ScriptedBackend) -> WidgetConfig:
    """A widget of Acme whose answers the test holds in its hand."""
    return make_widget(acme, agent=make_agent(acme, model="test:any"))
