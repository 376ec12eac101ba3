"""Chromium, Firefox and WebKit behind one interface, for journeys that run in all of them."""

from loquent.testing.engines.engine import Engine, Tab, Visit
from loquent.testing.engines.launch import ENGINES, start_engine
from loquent.testing.engines.screen import Element, Screen

__all__ = ["ENGINES", "Element", "Engine", "Screen", "Tab", "Visit", "start_engine"]
