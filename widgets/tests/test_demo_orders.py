"""The demo shop's orders: looked up and cancelled by the demo's agent, over real HTTP."""

import json

import pytest
from django.test import RequestFactory

from loquent.agents.agent_action import AgentAction
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent
from widgets.services.actions.demo import create_demo_actions
from widgets.views import demo_order_cancel, demo_order_status


def test_demo_orders_answer_like_a_shop(rf: RequestFactory) -> None:
    order = demo_order_status(rf.get("/"), "10023")
    assert json.loads(order.content)["arrives"] == "Thursday"
    assert demo_order_status(rf.get("/"), "99999").status_code == 404
    cancelled = demo_order_cancel(rf.post("/"), "10024")
    assert json.loads(cancelled.content) == {"status": "cancelled"}
    assert demo_order_cancel(rf.get("/"), "10024").status_code == 405


@pytest.mark.django_db
def test_demo_without_permission_to_call_itself_has_no_actions(acme: Organization) -> None:
    create_demo_actions(agent=make_agent(acme), site_url="http://127.0.0.1:8000")
    assert AgentAction.objects.count() == 0
