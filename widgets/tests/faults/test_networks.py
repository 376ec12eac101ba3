"""Bad networks between the visitor and the server, and between the server and its Redis."""

import asyncio
from pathlib import Path

import pytest

from loquent.agents.tests.endpoint_scripts import huge, tokens
from loquent.testing.proxy import FaultyProxy
from widgets.tests.faults.site import Site
from widgets.tests.faults.test_memory import deaf_socket, masked
from widgets.tests.faults.visitor import Visitor

pytestmark = [pytest.mark.server, pytest.mark.slow]


async def through(proxy: FaultyProxy, site: Site, token: str = "") -> Visitor:
    visitor = Visitor(f"ws://127.0.0.1:{proxy.port}", site.widget["widget_id"])
    await visitor.connect(token=token)
    return visitor


@pytest.mark.promise(1)
@pytest.mark.promise(2)
async def test_frequent_disconnects_neither_lose_nor_duplicate() -> None:
    async with Site() as site, FaultyProxy(site.servers[0].port) as proxy:
        token = (await site.visit()).token
        for number in range(12):
            acked = False
            cut = number % 3
            while not acked:
                try:
                    visitor = await through(proxy, site, token)
                    await visitor.say(f"Message {number}", f"k{number}")
                    if cut:
                        # Right behind the message: nobody knows whether it has arrived.
                        cut -= 1
                        proxy.cut()
                    await visitor.until("ack")
                    acked = True
                except OSError:
                    continue
                except Exception as error:
                    if type(error).__module__.partition(".")[0] != "websockets":
                        raise
        reader = await site.visit(token=token)
        history = (await reader.receive())["messages"]
        while sum(m["role"] == "assistant" for m in history) < 12:
            history += [f for f in await reader.until("message") if f["type"] == "message"]
        asked = [m["content"] for m in history if m["role"] == "user"]
        assert asked == [f"Message {number}" for number in range(12)]
        assert [m["seq"] for m in sorted(history, key=lambda m: m["seq"])] == list(range(1, 25))


async def test_slow_network_only_delays() -> None:
    async with Site() as site, FaultyProxy(site.servers[0].port) as proxy:
        proxy.delay = 0.2
        visitor = await through(proxy, site)
        await visitor.say("Hi", "k")
        frames = await visitor.until("typing_stop")
        kinds = [frame["type"] for frame in frames]
        assert kinds[:2] == ["ack", "typing_start"]
        assert kinds[-2:] == ["message", "typing_stop"]
        await visitor.leave()


@pytest.mark.promise(6)
async def test_network_outage_during_an_answer_is_survived() -> None:
    gate = asyncio.Event()
    async with Site() as site, FaultyProxy(site.servers[0].port) as proxy:
        site.endpoint.push(tokens("Half ", "an answer.", gate=gate))
        visitor = await through(proxy, site)
        await visitor.say("Hi")
        await visitor.until("delta")
        proxy.swallow()
        gate.set()
        # Another network: the answer is there.
        again = await site.visit(token=visitor.token)
        history = (await again.receive())["messages"]
        if len(history) < 2:
            history += [(await again.until("message"))[-1]]
        assert history[-1]["content"] == "Half an answer."
        proxy.pass_on()
        assert (await visitor.until("typing_stop"))[-2]["content"] == "Half an answer."
        await visitor.leave()


@pytest.mark.promise(13)
async def test_client_that_never_reads_is_dropped_within_a_minute() -> None:
    async with Site(LIMIT_ANSWER_CHARS="0", LIMIT_TURN_TOTAL_SECONDS="20") as site:
        site.endpoint.by_model["tokens"] = huge(10_000_000)
        connection = await asyncio.to_thread(deaf_socket, site)
        await asyncio.to_thread(
            connection.sendall, masked({"type": "message", "content": "Tell me all"})
        )
        await site.endpoint.wait_for_requests(1)
        port = connection.getsockname()[1]
        assert holds_connection(site.servers[0].port, port)
        # Sixty seconds are promised; the machine may be busy.
        async with asyncio.timeout(90):
            while holds_connection(site.servers[0].port, port):  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(1)
        connection.close()
        assert "Traceback" not in site.logs()


def holds_connection(server_port: int, client_port: int) -> bool:
    """Whether the server's end of a connection is there: a client isn't told of its end."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state = line.split()[:4]
        ends = [int(address.partition(":")[2], 16) for address in (local, remote)]
        if ends == [server_port, client_port] and state == "01":
            return True
    return False


@pytest.mark.promise(8)
async def test_a_rolling_restart_under_load_loses_nothing() -> None:
    async with Site(processes=2) as site:
        stop = asyncio.Event()
        progress = asyncio.Semaphore(0)
        sent: dict[str, list[str]] = {}

        async def chat(number: int) -> None:
            at = number % 2
            visitor = await site.visit(at=at)
            token = visitor.token
            keys = sent.setdefault(token, [])
            while not stop.is_set():
                key = f"v{number}-{len(keys)}"
                acked = False
                while not acked:
                    try:
                        await visitor.say(f"Message {key}", key)
                        frames = await visitor.until("ack", "error")
                        acked = frames[-1]["type"] == "ack"
                        if not acked:
                            await visitor.until("typing_stop")
                    except Exception as error:
                        if type(error).__module__.partition(".")[0] != "websockets":
                            raise
                        # As a widget does: the other process, through the proxy in front.
                        at = 1 - at
                        visitor = await reconnected(site, token, at)
                keys.append(key)
                progress.release()

        chats = [asyncio.create_task(chat(number)) for number in range(10)]
        for server in site.servers:
            for _ in range(30):
                await progress.acquire()
            assert await asyncio.to_thread(server.terminate) == 0
            server.start_again()
            await asyncio.to_thread(server.wait_until_ready)
        stop.set()
        await asyncio.gather(*chats)
        for token, keys in sent.items():
            reader = await site.visit(token=token)
            history = (await reader.receive())["messages"]
            found = [m["client_message_id"] for m in history if m["role"] == "user"]
            assert found == keys[-len(found) :]
            seqs = [m["seq"] for m in history]
            assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        assert "Traceback" not in site.logs()


async def reconnected(site: Site, token: str, at: int) -> Visitor:
    """A socket of the session, at this process or, while it is away, at the other."""
    while True:
        try:
            visitor = await site.visit(at=at, token=token)
        except Exception as error:
            if not isinstance(error, OSError) and "websockets" not in type(error).__module__:
                raise
            at = 1 - at
            continue
        assert visitor.session["resumed"] is True
        return visitor
