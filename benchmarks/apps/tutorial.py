"""What a tutorial gives: Channels on Daphne, `await` ORM, the OpenAI SDK, a group_send per token.

It runs in a virtual environment of its own. DATABASE_NAME and DATABASE_PORT, REDIS_URL and
OPENAI_BASE_URL come from the environment.
"""

import asyncio
import json
import os
import uuid
from typing import Any

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.db import connection, models
from django.urls import path

settings.configure(
    SECRET_KEY="a key for measurements only",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=(),
    INSTALLED_APPS=["django.contrib.contenttypes", "channels"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["DATABASE_NAME"],
            "HOST": "127.0.0.1",
            "PORT": os.environ["DATABASE_PORT"],
            "USER": "postgres",
        }
    },
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            # redis-py 8 gives up after 5 s, which is how long the layer waits for a message: each
            # socket that is silent for so long would be closed.
            "CONFIG": {"hosts": [{"address": os.environ["REDIS_URL"], "socket_timeout": None}]},
        }
    },
)
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from openai import AsyncOpenAI  # noqa: E402


class Message(models.Model):
    """A line of a chat."""

    room = models.CharField(max_length=100, db_index=True)
    role = models.CharField(max_length=20)
    content = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    objects: models.Manager["Message"] = models.Manager()

    class Meta:
        app_label = "tutorial"

    def __str__(self) -> str:
        return self.content


if Message._meta.db_table not in connection.introspection.table_names():
    with connection.schema_editor() as editor:
        editor.create_model(Message)
client = AsyncOpenAI(api_key="none", base_url=os.environ["OPENAI_BASE_URL"])


class ChatConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """A chat room with a model in it."""

    async def connect(self) -> None:
        self.room = uuid.uuid4().hex
        self.group = f"chat_{self.room}"
        self.tasks: set[asyncio.Task[None]] = set()
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        await self.send(text_data=json.dumps({"type": "welcome"}))

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        content = json.loads(text_data or "")["content"]
        await Message.objects.acreate(room=self.room, role="user", content=content)
        task = asyncio.create_task(self.reply())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def reply(self) -> None:
        lines = Message.objects.filter(room=self.room).order_by("created_at")
        history: list[Any] = [{"role": line.role, "content": line.content} async for line in lines]
        stream = await client.chat.completions.create(
            model="benchmark", messages=history, stream=True
        )
        answer = ""
        async for chunk in stream:
            if chunk.choices and (token := chunk.choices[0].delta.content):
                answer += token
                await self.tell("delta", token)
        await Message.objects.acreate(room=self.room, role="assistant", content=answer)
        await self.tell("message", answer)

    async def tell(self, kind: str, content: str) -> None:
        await self.channel_layer.group_send(
            self.group, {"type": "chat.message", "kind": kind, "content": content}
        )

    async def chat_message(self, event: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps({"type": event["kind"], "content": event["content"]}))


application = ProtocolTypeRouter(
    {
        "http": get_asgi_application(),
        "websocket": URLRouter([path("ws/chat/", ChatConsumer.as_asgi())]),
    }
)
