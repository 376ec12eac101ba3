"""When the agent hands over by itself, and when it does not (T2)."""

import pytest

from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import VisitorSocket, Visits, kinds
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession
from widgets.tests.desk import Api, Desk, close_team
from widgets.tests.regenerating import regenerate

# The visitor's messages, and how each turn ends; then the reason, "" if the agent goes on.
TABLE = {
    "one failure": ("fail", ""),
    "two failures": ("fail fail", "failed"),
    "failures around an answer": ("fail ok fail", ""),
    "failure of the same question again": ("fail again:fail", ""),
    "failures of two questions, one of them twice": ("fail again:fail fail", "failed"),
    "failure after a crash": ("fail crash fail", ""),
    "one empty answer": ("none", ""),
    "two empty answers": ("none none", "agent"),
    "empty answer and failure": ("none fail", ""),
    "failure and empty answer": ("fail none", ""),
    "empty answer regenerated": ("none again:none", ""),
    "declined twice": ("refused refused", ""),
    "stopped twice": ("stop stop", ""),
    "wish in words": ("wish", "asked"),
    "wish in words to an agent that fails": ("wish:fail", "asked"),
    "wish in words that is stopped": ("wish:stop", ""),
    "used up budget": ("budget", "budget"),
}


async def turn(socket: VisitorSocket, scripted: ScriptedBackend, step: str) -> None:
    verb, _, end = step.partition(":")
    end = end or {"wish": "ok"}.get(verb, verb)
    if end == "crash":
        # As settling an orphaned turn does.
        await in_database(lambda: WidgetSession.objects.update(last_answer_status="interrupted"))
        return
    if end == "budget":
        await in_database(lambda: Organization.objects.update(daily_token_budget=1))
    if verb == "again":
        newest = await in_database(WidgetMessage.objects.order_by("-seq").first)
        assert newest is not None
        await regenerate(socket, str(newest.id))
    else:
        await socket.say("I want to talk to a human" if verb == "wish" else "Where is it?")
    if end != "budget":
        answer = await scripted.asked()
        match end:
            case "ok":
                answer.end("There.")
            case "none":
                answer.end("I don't know.", outcome="no_answer")
            case "refused":
                answer.end("No.", outcome="refused")
            case "fail":
                answer.fail()
            case "stop":
                answer.say("There")
                await socket.until("delta")
                await socket.send({"type": "stop"})
    await socket.until("typing_stop")


@pytest.mark.parametrize("name", TABLE)
async def test_agent_hands_over(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend, name: str
) -> None:
    steps, reason = TABLE[name]
    socket = await visit.opened(widget)
    for step in steps.split():
        await turn(socket, scripted, step)
    session = await in_database(WidgetSession.objects.get)
    handler = "team" if reason else "agent"
    assert (session.handler, session.wanted_reason) == (handler, reason)
    assert (session.outcome == "handed_over") is bool(reason)
    if reason:
        assert (await socket.until("message"))[-1]["kind"] == "notice"


async def test_messages_that_wait_behind_a_wish_go_to_the_team(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await socket.say("I want to talk to a human")
    answer = await scripted.asked()
    await socket.until("ack")
    await socket.say("Are you there?")
    await socket.until("ack")
    answer.end("Of course.")
    await socket.until("typing_stop")
    line = (await socket.until("message"))[-1]
    assert (line["kind"], line["seq"]) == ("notice", 4)
    waiting = await in_database(WidgetMessage.objects.get, seq=2)
    session = await in_database(WidgetSession.objects.get)
    assert session.waiting_since == waiting.created_at
    assert waiting.turn_status == "handed_over"
    assert not scripted.is_asked


async def test_agent_goes_on_out_of_hours(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend
) -> None:
    await in_database(close_team)
    socket = await visit.opened(widget)
    await turn(socket, scripted, "wish")
    assert (await socket.until("message"))[-1]["kind"] == "notice"
    await turn(socket, scripted, "wish")
    await turn(socket, scripted, "fail")
    await turn(socket, scripted, "fail")
    session = await in_database(WidgetSession.objects.get)
    assert (session.handler, session.follow_up) == ("agent", True)
    assert await in_database(WidgetMessage.objects.filter(kind="notice").count) == 1


@pytest.mark.parametrize(
    ("text", "end"),
    [("I want to talk to a human", "ok"), ("Hello?", "fail"), ("Hello?", "budget")],
)
async def test_turn_after_a_hand_back_does_not_hand_over_again(
    widget: WidgetConfig,
    visit: Visits,
    scripted: ScriptedBackend,
    api: Api,
    acme: Organization,
    text: str,
    end: str,
) -> None:
    socket = await visit.opened(widget)
    desk = await Desk.opened(socket, scripted, api, acme)
    scripted.automatic = None
    await in_database(lambda: WidgetSession.objects.update(last_answer_status="failed"))
    await desk.run("ask")
    await socket.say(text)
    await socket.until("ack")
    if end == "budget":
        await in_database(lambda: Organization.objects.update(daily_token_budget=1))
    lines = await desk.lines()
    if end == "budget":
        await desk.run("ask_agent")
    else:
        await socket.send({"type": "ask_agent"})
        answer = await scripted.asked()
        answer.fail() if end == "fail" else answer.end("Here I am.")
        await socket.until("typing_stop")
    added = (await desk.lines())[len(lines) :]
    assert added[0].startswith("The assistant answers again")
    # One of them says that there is no answer.
    assert sum("can’t answer" in line for line in added) == (end != "ok")
    assert (await desk.read()).handler == "agent"
    await socket.say("Thank you")
    assert kinds(await socket.until("ack"))[-1] == "ack"
