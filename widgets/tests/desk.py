"""A visitor and a team in one conversation, moved by the names of steps."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from loquent.db.threads import in_database
from loquent.organizations.models import Membership, Organization, Role
from loquent.testing.people import make_member
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Frame, VisitorSocket
from loquent.testing.waiting import WAIT_SECONDS
from widgets.models import ConversationEvent, WidgetMessage, WidgetSession, WidgetTurn
from widgets.services.handoff.timers import fire_due_timers

Api = Callable[..., APIClient]
CLOSED: dict[str, list[list[str]]] = {}


def close_team() -> None:
    """Close the organization on every day."""
    Organization.objects.update(business_hours=CLOSED)


def open_team() -> None:
    """Open the organization at all times."""
    Organization.objects.update(business_hours=None)


@dataclass
class Desk:
    """The team, and the socket of its only visitor, whose agent answers at once."""

    socket: VisitorSocket
    scripted: ScriptedBackend
    api: Api
    members: dict[str, User] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)

    @classmethod
    async def opened(
        cls, socket: VisitorSocket, scripted: ScriptedBackend, api: Api, acme: Organization
    ) -> "Desk":
        """Return the desk of Ana and Ben, after the agent's first answer."""
        desk = cls(socket, scripted, api)
        scripted.automatic = ("Hello.",)
        socket.shows_conversation = True
        for name in ("ana", "ben"):
            desk.members[name] = await in_database(make_member, acme, name, Role.OPERATOR)
        await desk.run("say")
        return desk

    def session(self) -> WidgetSession:
        """Return the visitor's first conversation."""
        return WidgetSession.objects.select_related("assignee__user").order_by("created_at")[0]

    async def read(self) -> WidgetSession:
        """Do as `session` from a coroutine."""
        return await in_database(self.session)

    async def member_id(self, name: str) -> str:
        """Return the id by which REST knows a member."""
        user = self.members[name]
        return str(await in_database(lambda: Membership.objects.get(user=user).id))

    async def post(self, caller: User | str, action: str, body: dict[str, Any]) -> Any:
        """POST an action of the conversation."""
        session = await self.read()
        path = f"/api/v1/sessions/{session.id}/{action}/"
        return await in_database(lambda: self.api(caller).post(path, body))

    async def run(self, *steps: str) -> Any:
        """Do the steps, `verb` or `verb:member`; return what the last one returned."""
        result = None
        for step in steps:
            verb, _, name = step.partition(":")
            result = await getattr(self, f"_{verb}")(name or "ana")
            # What the step caused is shown before the next begins.
            self.frames += await self.socket.drained()
        return result

    async def _wish(self, _: str) -> None:
        await self._say("", text="I want to talk to a human")

    async def _say(self, _: str, *, text: str = "Where is my parcel?") -> None:
        await self.socket.say(text)
        self.frames += await self.socket.until("ack")
        if (await self.read()).handler == "agent":
            self.frames += await self.socket.until("typing_stop")

    async def _ask(self, _: str) -> None:
        await self.socket.send({"type": "ask_person"})

    async def _ask_agent(self, _: str) -> None:
        await self.socket.send({"type": "ask_agent"})
        self.frames += await self.socket.drained()
        await self._settled()

    async def _take(self, name: str) -> Any:
        return await self.post(self.members[name], "take-over", {})

    async def _steal(self, name: str) -> Any:
        other = await self.member_id("ben" if name == "ana" else "ana")
        return await self.post(self.members[name], "take-over", {"from": other})

    async def _reply(self, name: str) -> Any:
        return await self.post(self.members[name], "reply", {"content": "It is on its way."})

    async def _assign(self, name: str) -> Any:
        body = {"member": await self.member_id(name)}
        return await self.post(self.members["ana"], "assign", body)

    async def _snooze(self, _: str) -> Any:
        until = (timezone.now() + timedelta(days=1)).isoformat()
        return await self.post(self.members["ana"], "snooze", {"until": until})

    async def _release(self, name: str) -> Any:
        return await self.post(self.members[name], "release", {})

    async def _hand_back(self, name: str) -> Any:
        response = await self.post(self.members[name], "hand-back", {})
        await self._settled()
        return response

    async def _resolve(self, name: str) -> Any:
        return await self.post(self.members[name], "resolve", {})

    async def _reopen(self, name: str) -> Any:
        return await self.post(self.members[name], "reopen", {})

    async def _away(self, name: str) -> Any:
        caller = self.members[name]
        return await in_database(
            lambda: self.api(caller).put("/api/v1/availability/", {"status": "away"})
        )

    async def _demote(self, name: str) -> None:
        member = await in_database(Membership.objects.get, user=self.members[name])
        member.role = Role.VIEWER
        await in_database(member.save)

    async def _leave(self, name: str) -> None:
        await in_database(self.members[name].delete)

    async def _new(self, _: str) -> None:
        await self.socket.send({"type": "new_conversation"})
        self.frames += await self.socket.until("session")

    async def _close(self, _: str) -> None:
        await in_database(close_team)

    async def _open(self, _: str) -> None:
        await in_database(open_team)

    async def _fire(self, _: str) -> None:
        """Let the next timer be due, and wait until it has fired, here or in the background."""
        past = timezone.now() - timedelta(seconds=1)
        rows = WidgetSession.objects.filter(due_at__isnull=False)
        await in_database(lambda: rows.update(due_at=past, last_active_at=past - timedelta(days=2)))
        async with asyncio.timeout(WAIT_SECONDS):
            while await in_database(rows.filter(due_at=past).exists):
                await in_database(fire_due_timers)

    async def _late(self, _: str) -> None:
        """Let the time in which a resolved conversation reopens with people pass."""
        past = timezone.now() - timedelta(days=1)
        await in_database(lambda: WidgetSession.objects.update(human_at=past))

    async def _settled(self) -> None:
        """Wait until no turn is left."""
        async with asyncio.timeout(WAIT_SECONDS):
            while await in_database(WidgetTurn.objects.exists):
                self.frames += await self.socket.drained()

    async def shown(self, handler: str, status: str, person: str = "") -> Frame:
        """Wait until the visitor's client is told of this state; return the frame."""
        while True:
            told = [frame for frame in self.frames if frame["type"] == "conversation"]
            if told:
                last = told[-1]
                name = (last["person"] or {}).get("name", "")
                if (last["handler"], last["status"], name) == (handler, status, person):
                    return last
            self.frames.append(await self.socket.receive())

    async def lines(self) -> list[str]:
        """Return the lines of transitions."""
        rows = WidgetMessage.objects.filter(kind="notice").order_by("session", "seq")
        return await in_database(lambda: list(rows.values_list("content", flat=True)))

    async def events(self) -> list[str]:
        """Return the kinds of the timeline."""
        rows = ConversationEvent.objects.order_by("created_at", "id")
        return await in_database(lambda: list(rows.values_list("kind", flat=True)))
