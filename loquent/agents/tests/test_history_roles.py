"""The order of roles that chat templates accept, whatever happened in the conversation."""

import pytest

from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.replies import collect, make_reply
from loquent.agents.types import ChatMessage

ROLES = {"u": "user", "a": "assistant"}


def lines(pattern: str) -> list[ChatMessage]:
    """Return a message per letter: `u1 a2` for "ua"."""
    return [ChatMessage(ROLES[sign], f"{sign}{n}") for n, sign in enumerate(pattern, 1)]  # type: ignore[arg-type]


@pytest.mark.parametrize(("history", "sent"), [
    ("u", ["u1"]),
    ("uau", ["u1", "a2", "u3"]),
    # Only the newest messages are sent: the first of them may be an answer.
    ("auau", ["u2", "a3", "u4"]),
    ("aau", ["u3"]),
    # A failed answer leaves two questions in a row, a person may answer twice.
    ("uu", ["u1\n\nu2"]),
    ("uuu", ["u1\n\nu2\n\nu3"]),
    ("uauu", ["u1", "a2", "u3\n\nu4"]),
    ("uaau", ["u1", "a2\n\na3", "u4"]),
    ("auuaauu", ["u2\n\nu3", "a4\n\na5", "u6\n\nu7"]),
])  # fmt: skip
async def test_messages_start_with_the_visitor_and_roles_alternate(
    endpoint: ScriptedEndpoint, history: str, sent: list[str]
) -> None:
    await collect(make_reply(lines(history), instructions="Be kind."))
    system, *messages = endpoint.requests[0].body["messages"]
    assert system["role"] == "system"
    assert [line["content"] for line in messages] == sent
    expected = ["user" if line.startswith("u") else "assistant" for line in sent]
    assert [line["role"] for line in messages] == expected
