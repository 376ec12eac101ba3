"""The demo shop's orders, and the actions that look them up and cancel them."""

from contextlib import suppress
from typing import Any

from loquent.agents.actions.presets import PRESETS
from loquent.agents.models import AgentAction, TextAgent
from loquent.agents.services.actions import save_action
from loquent.errors import ApplicationError

ORDERS: dict[str, dict[str, Any]] = {
    "10023": {"status": "Sent on Monday", "arrives": "Thursday", "items": "Backpack Gurten, 32 l"},
    "10024": {"status": "Being packed", "arrives": "Friday", "items": "Duffel bag Aare"},
    "10025": {"status": "Delivered", "arrives": "Last Tuesday", "items": "Wash bag Bise"},
}
NUMBER = {
    "name": "order_number",
    "description": "your order number (in this demo 10023, 10024 or 10025)",
    "pattern": "[0-9]{5}",
}


def create_demo_actions(*, agent: TextAgent, site_url: str) -> None:
    """Let the demo's agent look up and cancel the orders of the demo page.

    Without them if the server may not call itself: only `make run` allows that.
    """
    order = f"{site_url}/demo/orders/{{order_number}}"
    ours = {"parameters": [NUMBER], "response_fields": []}
    status = {**PRESETS["order_status"], **ours, "url": order, "method": "GET"}
    cancel = {**PRESETS["cancel_order"], **ours, "url": f"{order}/cancel"}
    with suppress(ApplicationError):
        for data in (status, cancel):
            save_action(AgentAction(agent=agent), data)


def demo_order(number: str) -> dict[str, Any] | None:
    """Return an order of the demo shop, as its interface answers."""
    return ORDERS.get(number)


def cancel_demo_order(number: str) -> dict[str, Any] | None:
    """Return what the demo shop answers to a cancellation; nothing changes in it."""
    order = ORDERS.get(number)
    if order is None:
        return None
    is_late = order["status"] != "Being packed"
    return {"status": "too late: it was sent already" if is_late else "cancelled"}
