"""Chainlit, in its own environment, and what its page says over socket.io."""

import json
import uuid
from collections.abc import Callable

from benchmarks.answer import QUESTION
from benchmarks.dialects import HEAD, Heard
from benchmarks.environments import environment
from benchmarks.stage import ROOT, Contestant, Stage
from loquent.testing.ports import free_port

APP = ROOT / "benchmarks" / "apps" / "chainlit_app.py"
# engine.io's packets begin with one digit, socket.io's messages with a second one.
OPEN, PING, PONG, CONNECTED, EVENT = b"0", b"2", b"3", b"40", b"42"


class ChainlitDialect:
    """Events of socket.io 5 over one WebSocket."""

    def path(self, number: int) -> str:
        return "/ws/socket.io/?EIO=4&transport=websocket"

    def headers(self, number: int) -> str:
        return ""

    def question(self, number: int) -> bytes:
        message = {
            "id": str(uuid.uuid4()),
            "threadId": "",
            "name": "user",
            "type": "user_message",
            "output": QUESTION,
            "createdAt": "2026-01-01T00:00:00.000Z",
            "metadata": {"location": "http://127.0.0.1/"},
        }
        return _event("client_message", {"message": message, "fileReferences": []})

    def hear(self, frame: bytes, say: Callable[[bytes], None]) -> Heard:
        head = frame[:HEAD]
        if head.startswith(EVENT):
            return _hear_event(head)
        if head.startswith(OPEN):
            say(CONNECTED + json.dumps(_who()).encode())
        elif head.startswith(CONNECTED):
            say(_event("connection_successful"))
        elif head == PING:
            say(PONG)
        else:
            return Heard.FAILURE
        return Heard.OTHER


def _hear_event(head: bytes) -> Heard:
    # The first token comes in the message that begins the stream.
    if b'"stream_start"' in head or b'"stream_token"' in head:
        return Heard.WORDS
    if b'"task_end"' in head:
        return Heard.END
    # The last thing that is said to a page which has connected.
    return Heard.READY if b'"clear_call_fn"' in head else Heard.OTHER


def _event(name: str, *data: object) -> bytes:
    return EVENT + json.dumps([name, *data]).encode()


def _who() -> dict[str, object]:
    return {
        "clientType": "webapp",
        "sessionId": str(uuid.uuid4()),
        "threadId": "",
        "userEnv": "{}",
        "chatProfile": "",
    }


def start_chainlit(stage: Stage) -> Contestant:
    """Start it. Raises NotInstalledError."""
    programs = environment("chainlit")
    port = free_port()
    folder = stage.home / "chainlit"
    folder.mkdir()
    process = stage.start(
        "chainlit",
        (str(programs / "chainlit"), "run", str(APP), "--headless", "--port", str(port)),
        port,
        python=str(programs / "python"),
        folder=folder,
        variables={"MODEL_PORT": str(stage.model.port), "CHAINLIT_APP_ROOT": str(folder)},
    )
    return Contestant("chainlit", process, ChainlitDialect)
