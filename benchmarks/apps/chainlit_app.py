"""Chainlit, as its documentation streams an answer.

It runs in a virtual environment of its own, by `chainlit run`. MODEL_CLIENT is `sdk` for OpenAI's,
which the documentation uses, or `lean` for the cheapest that there is. MODEL_PORT is the model's.
"""

import os
from collections.abc import AsyncIterator

import chainlit
from openai import AsyncOpenAI

from benchmarks.apps.model_client import ModelClient

# As many messages as the model sees from our server.
HISTORY = 20
PORT = int(os.environ["MODEL_PORT"])
lean = ModelClient(PORT)
sdk = AsyncOpenAI(api_key="none", base_url=f"http://127.0.0.1:{PORT}/v1")


async def stream_by_sdk(messages: list[dict[str, str]]) -> AsyncIterator[str]:
    """The answer's tokens, read by OpenAI's SDK."""
    stream = await sdk.chat.completions.create(model="m", messages=messages, stream=True)
    async for chunk in stream:
        if chunk.choices and (token := chunk.choices[0].delta.content):
            yield token


stream_answer = lean.stream if os.environ["MODEL_CLIENT"] == "lean" else stream_by_sdk


@chainlit.on_message  # type: ignore[untyped-decorator]
async def main(message: chainlit.Message) -> None:
    """Answer one message."""
    history = [*chainlit.user_session.get("history", []), line("user", message.content)]
    answer = chainlit.Message(content="")
    async for token in stream_answer(history):
        await answer.stream_token(token)
    history.append(line("assistant", answer.content))
    chainlit.user_session.set("history", history[-HISTORY:])
    await answer.update()


def line(role: str, content: str) -> dict[str, str]:
    """A line of the conversation, as the model reads it."""
    return {"role": role, "content": content}
