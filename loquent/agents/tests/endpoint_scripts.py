"""What a scripted endpoint may do: one good way and many bad ones."""

import asyncio
import json
from typing import Any

from loquent.agents.tests.exchange import Exchange, Script

RETRY_AT_ONCE = "0"


def tokens(
    *texts: str, gate: asyncio.Event | None = None, usage: tuple[int, int] = (7, 3)
) -> Script:
    """A good answer. With a gate, the first token comes at once, the rest after it is set."""

    async def script(exchange: Exchange) -> None:
        await exchange.start_stream()
        for position, text in enumerate(texts):
            if position == 1 and gate is not None:
                await gate.wait()
            await exchange.token(text)
        await exchange.end_stream(usage=usage)

    return script


def slow_tokens(*texts: str, seconds: float) -> Script:
    """A good answer with a pause before each token; for demonstrations, not for tests."""

    async def script(exchange: Exchange) -> None:
        await exchange.start_stream()
        for text in texts:
            await asyncio.sleep(seconds)
            await exchange.token(text)
        await exchange.end_stream()

    return script


def refuse(status: int, body: str = "secret words of the endpoint", **headers: str) -> Script:
    """An HTTP error; `Retry_After="1"` adds that header."""

    async def script(exchange: Exchange) -> None:
        error = json.dumps({"error": {"message": body}}).encode()
        await exchange.respond(status, error, **headers)

    return script


def stream_of(*events: object, end: bool = True) -> Script:
    """These events (strings as they are, the rest as JSON), and the end of the body."""

    async def script(exchange: Exchange) -> None:
        await exchange.start_stream()
        for event in events:
            await exchange.event(event)
        if end:
            await exchange.end_body()

    return script


def body(data: bytes, content_type: str = "application/json") -> Script:
    """A whole body with status 200."""

    async def script(exchange: Exchange) -> None:
        await exchange.respond(200, data, content_type)

    return script


def huge(characters: int = 10_000_000) -> Script:
    """An answer of so many characters, in pieces of 10,000, as long as the client reads."""

    async def script(exchange: Exchange) -> None:
        await exchange.start_stream()
        for _ in range(characters // 10_000):
            if exchange.request.client_closed.is_set():
                return
            await exchange.token("0123456789" * 1_000)
        await exchange.end_stream()

    return script


def done_then_wait(seconds: float | None) -> Script:
    """A whole answer, [DONE] included, and the end of the body only later, or never (None)."""

    async def script(exchange: Exchange) -> None:
        await exchange.start_stream()
        for event in (TEXT, STOP, "[DONE]"):
            await exchange.event(event)
        if seconds is None:
            await exchange.hang()
        else:
            await asyncio.sleep(seconds)
            await exchange.end_body()

    return script


async def hang_before_headers(exchange: Exchange) -> None:
    """Take the request and say nothing."""
    await exchange.hang()


async def hang_before_first_token(exchange: Exchange) -> None:
    """Headers, and nothing more."""
    await exchange.start_stream()
    await exchange.hang()


async def hang_in_the_middle(exchange: Exchange) -> None:
    """One token, and nothing more."""
    await exchange.start_stream()
    await exchange.token("Half an ")
    await exchange.hang()


async def comments_for_ever(exchange: Exchange) -> None:
    """Keep-alive comments without a token, as long as the client listens."""
    await exchange.start_stream()
    while not exchange.request.client_closed.is_set():
        await exchange.chunk(b": still here\n\n")
        await asyncio.sleep(0.005)


async def cut_before_headers(exchange: Exchange) -> None:
    """RST in place of an answer."""
    exchange.reset()


async def cut_in_the_middle(exchange: Exchange) -> None:
    """One token, then RST once the client has had the time to read it."""
    await exchange.start_stream()
    await exchange.token("Half an ")
    await asyncio.sleep(0.05)
    exchange.reset()


async def no_end(exchange: Exchange) -> None:
    """Tokens, and the end of the body without finish_reason or [DONE]."""
    await exchange.start_stream()
    await exchange.token("Half an ")
    await exchange.end_body()


async def finish_then_hang(exchange: Exchange) -> None:
    """A whole answer, finish_reason included, but the body never ends."""
    await exchange.start_stream()
    await exchange.token("All of it.")
    await exchange.event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    await exchange.hang()


async def invalid_utf8(exchange: Exchange) -> None:
    """A token whose bytes are no UTF-8."""
    await exchange.start_stream()
    await exchange.chunk(b'data: {"choices":[{"delta":{"content":"\xff\xfe\xc3"}}]}\n\n')
    await exchange.end_stream()


async def not_http(exchange: Exchange) -> None:
    """Bytes that are no HTTP."""
    exchange.keep_alive = False
    await exchange.send(b"\x00\x01\x02 secret words of the endpoint\r\n\r\n")


async def one_document(exchange: Exchange) -> None:
    """A good answer that ignores `stream`."""
    document = {
        "choices": [
            {"message": {"role": "assistant", "content": "In one piece."}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3},
    }
    await exchange.respond(200, json.dumps(document).encode())


ERROR = {"error": {"message": "secret words of the endpoint", "code": 500}}
TEXT = {"choices": [{"delta": {"content": "Half an "}}]}
STOP = {"choices": [{"delta": {}, "finish_reason": "stop"}]}

BY_MODEL: dict[str, Script] = {
    "tokens": tokens("Hello", " there", "."),
    "slow": slow_tokens(*(f"word{i} " for i in range(50)), seconds=0.1),
    "document": one_document,
    "429": refuse(429, Retry_After=RETRY_AT_ONCE),
    "500": refuse(500, Retry_After=RETRY_AT_ONCE),
    "401": refuse(401),
    "404": refuse(404),
    "redirect": refuse(307, Location="/v1/elsewhere"),
    "hang-headers": hang_before_headers,
    "hang-first": hang_before_first_token,
    "hang": hang_in_the_middle,
    "comments": comments_for_ever,
    "cut-headers": cut_before_headers,
    "cut": cut_in_the_middle,
    "no-end": no_end,
    "finish-then-hang": finish_then_hang,
    "garbage": stream_of("secret {words} of the endpoint"),
    "garbage-html": body(b"<html>secret words of the endpoint</html>", "text/html"),
    "not-http": not_http,
    "utf8": invalid_utf8,
    "no-choices": stream_of({"choices": []}, "[DONE]"),
    "empty": body(b"", "text/event-stream"),
    "blank": tokens(" ", "\n", "\u200b"),
    "huge": huge(),
    "error-stream": stream_of(TEXT, ERROR, "[DONE]"),
    "error-document": body(json.dumps(ERROR).encode()),
    "filtered": stream_of(
        {"choices": [{"delta": {}, "finish_reason": "content_filter"}]}, "[DONE]"
    ),
}


def calls(*wanted: tuple[str, Any], text: str = "") -> Script:
    """Answer with calls of functions: their names, and their arguments as values or text."""
    pieces = [
        {"index": number, "id": f"c{number}", "type": "function",
         "function": {"name": name, "arguments": given if isinstance(given, str)
                      else json.dumps(given)}}
        for number, (name, given) in enumerate(wanted)
    ]  # fmt: skip
    return stream_of(
        {"choices": [{"index": 0, "delta": {"content": text, "tool_calls": pieces}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
        {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 5}},
        "[DONE]",
    )
