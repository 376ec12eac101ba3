"""Ready-made actions, which an owner only has to give an address. Pure."""

from typing import Any

_NUMBER = {
    "name": "order_number",
    "description": "your order number",
    "pattern": "#?[A-Za-z0-9-]{3,30}",
}
_EMAIL = {
    "name": "email",
    "description": "the email address of your order",
    "pattern": "[^@ ]{1,64}@[^@ ]{3,190}",
}
PRESETS: dict[str, dict[str, Any]] = {
    "order_status": {
        "name": "order_status",
        "title": "Order status",
        "description": "Where is my order? Where is my parcel? Was my order sent? When does my "
        "order arrive? My order has not arrived. Track a parcel.",
        # The values are in the body, because addresses are written to logs (docs/order-status.md).
        "method": "POST",
        "risk": "read",
        "parameters": [_NUMBER, _EMAIL],
        "response_fields": ["status", "placed_on", "tracking_url"],
    },
    "cancel_order": {
        "name": "cancel_order",
        "title": "Cancel an order",
        "description": "Cancel an order that was not sent yet. I don't want my order any more.",
        "method": "POST",
        "risk": "write",
        "parameters": [_NUMBER, _EMAIL],
        "response_fields": ["status"],
    },
}
