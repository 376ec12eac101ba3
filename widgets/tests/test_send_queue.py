"""Frames on their way to a client that may be slow, or gone."""

import asyncio
from dataclasses import replace

from pytest_django import Settings

from loquent.testing.waiting import WAIT_SECONDS
from widgets.chat.send_queue import SendQueue


class Client:
    """A client that reads when it is told to."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.code: int | None = None
        self.reads = asyncio.Event()
        self.closed = asyncio.Event()
        self.error: Exception | None = None
        self.queue = SendQueue(self._send, self._close)

    async def _send(self, frame: str) -> None:
        await self.reads.wait()
        if self.error is not None:
            raise self.error
        self.received.append(frame)

    async def idle(self) -> None:
        """Wait until nothing is on its way."""
        task = self.queue._task
        if task is not None:
            await asyncio.wait([task], timeout=WAIT_SECONDS)
        assert self.queue._task is None

    async def _close(self, code: int) -> None:
        self.code = code
        self.closed.set()


async def test_order_is_kept_and_the_close_comes_last() -> None:
    client = Client()
    for number in range(5):
        client.queue.put(str(number))
    client.queue.close(4400)
    client.queue.put("after the close")
    assert client.queue.is_closing
    client.reads.set()
    await asyncio.wait_for(client.closed.wait(), WAIT_SECONDS)
    assert client.received == ["0", "1", "2", "3", "4"]
    assert client.code == 4400


async def test_client_that_does_not_read_is_dropped(settings: Settings) -> None:
    settings.LIMITS = replace(settings.LIMITS, outbound_bytes=100)
    client = Client()
    client.queue.put("x" * 60)
    await asyncio.sleep(0)
    client.queue.put("x" * 60)
    ends_early = client.queue.is_closing
    client.queue.put("x" * 60)
    assert (ends_early, client.queue.is_closing) == (False, True)
    client.reads.set()
    await asyncio.wait_for(client.closed.wait(), WAIT_SECONDS)
    assert client.code == 1011
    assert len(client.received) == 1


async def test_disconnected_client_ends_the_queue_silently() -> None:
    client = Client()
    client.error = RuntimeError("websocket.send after websocket.close")
    client.queue.put("x")
    client.reads.set()
    await client.idle()
    assert client.queue.is_closing


async def test_cancel_discards_waiting_frames() -> None:
    client = Client()
    client.queue.put("x")
    client.queue.put("y")
    await asyncio.sleep(0)
    client.queue.cancel()
    client.reads.set()
    await client.idle()
    assert client.received == []


async def test_nothing_is_sent_before_the_handshake_completes() -> None:
    client = Client()
    client.reads.set()
    client.queue = SendQueue(client._send, client._close, held=True)
    client.queue.put("early")
    client.queue.close(4409)
    await client.idle()
    assert client.received == []
    assert client.code is None
    client.queue.release()
    await asyncio.wait_for(client.closed.wait(), WAIT_SECONDS)
    assert client.received == ["early"]
    assert client.code == 4409
