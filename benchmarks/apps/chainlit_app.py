"""Chainlit, as its documentation streams an answer.

`chainlit run` starts it in a separate virtual environment. MODEL_PORT is the model's port.
"""

import os

import chainlit
from openai import AsyncOpenAI

# As many messages as the model sees from our server.
HISTORY = 20
client = AsyncOpenAI(api_key="none", base_url=f"http://127.0.0.1:{os.environ['MODEL_PORT']}/v1")


@chainlit.on_message  # type: ignore[untyped-decorator]
async def main(message: chainlit.Message) -> None:
    """Answer one message."""
    history = [*chainlit.user_session.get("history", []), line("user", message.content)]
    answer = chainlit.Message(content="")
    stream = await client.chat.completions.create(model="m", messages=history, stream=True)
    async for chunk in stream:
        if chunk.choices and (token := chunk.choices[0].delta.content):
            await answer.stream_token(token)
    history.append(line("assistant", answer.content))
    chainlit.user_session.set("history", history[-HISTORY:])
    await answer.update()


def line(role: str, content: str) -> dict[str, str]:
    """A line of the conversation, as the model reads it."""
    return {"role": role, "content": content}
