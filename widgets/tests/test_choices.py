"""Answers that ask which entry is meant, on the socket and in the history."""

from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.sockets import Visits

HOURS = [
    {"title": f"Opening hours in {town}", "content": f"From 9 to {hour}.", "url": ""}
    for town, hour in (("Bern", 17), ("Basel", 18), ("Chur", 19), ("Genf", 20))
]
QUESTION = "What are the hours for bakery bread?"


async def test_choices_come_with_the_message_and_the_history_and_a_click_is_answered(
    acme: Organization, visit: Visits
) -> None:
    agent = await in_database(make_agent, acme, knowledge=HOURS)
    widget = await in_database(make_widget, acme, agent=agent)
    socket = await visit.opened(widget)
    await socket.say(QUESTION)
    *_, message, _ = await socket.until("typing_stop")
    choices = message["choices"]
    assert len(choices) == 3
    assert {choice["title"] for choice in choices} <= {entry["title"] for entry in HOURS}
    await socket.say(choices[0]["message"])
    *_, answer, _ = await socket.until("typing_stop")
    assert answer["content"].startswith(f"Here is what I found about “{choices[0]['title']}”")
    assert "choices" not in answer
    again = await visit(widget, token=socket.token)
    *_, history = await again.until("history")
    assert [line.get("choices") for line in history["messages"]] == [None, choices, None, None]


async def test_base_clients_get_no_choices(acme: Organization, visit: Visits) -> None:
    agent = await in_database(make_agent, acme, knowledge=HOURS)
    widget = await in_database(make_widget, acme, agent=agent)
    socket = await visit.opened(widget, v2=False)
    await socket.say(QUESTION)
    *_, message, _ = await socket.until("typing_stop")
    assert set(message) == {"type", "content", "role"}
    assert "“Opening hours in" in message["content"]
