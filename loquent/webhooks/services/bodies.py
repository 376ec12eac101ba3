"""Write the body of a request, when it is sent."""

import html
import json
import re
from bisect import bisect_right
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.urls import NoReverseMatch, reverse

from loquent.text import clean_text, one_line
from loquent.webhooks.models import WebhookEndpoint, WebhookEvent
from loquent.webhooks.texts import read_text
from loquent.webhooks.types import EventType, Format

# Of each text, as JSON. Standard Webhooks asks for bodies of less than 20 kB.
MOST_TEXT_BYTES = 12_000
# Chat services cut or refuse longer ones.
MOST_CHAT_TEXT = 1_500
# Addresses, which are left as they are, and what means something to Discord elsewhere: a visitor's
# link could otherwise show another address than its own.
DISCORD_MARKUP = re.compile(r"(https?://[^\s<]+)|[\\*_~`|\[<]")
SENTENCES = {
    EventType.CONVERSATION_STARTED: "A visitor started a conversation.",
    EventType.PERSON_WANTED: "A visitor asked for a person.",
    EventType.TAKEN_OVER: "A conversation was taken over.",
    EventType.RELEASED: "A conversation was released.",
    EventType.HANDED_BACK: "A conversation went back to the agent.",
    EventType.RESOLVED: "A conversation was resolved.",
    EventType.CONTACT_CREATED: "There is a new contact.",
    EventType.CONTACT_UPDATED: "A contact was changed.",
    EventType.ANSWER_FAILED: "An agent could not answer.",
    EventType.FEEDBACK_RECEIVED: "A visitor rated an answer.",
    EventType.LIMIT_REACHED: "A limit refused a visitor.",
    EventType.PING: "This is a test of your webhook.",
}
WRITERS = {
    "user": "A visitor wrote a message.",
    "assistant": "An agent answered.",
    "staff": "A member of staff wrote a message.",
    "notice": "The visitor was told who answers.",
}


def write_body(endpoint: WebhookEndpoint, event: WebhookEvent) -> bytes:
    """Return the body of a request as UTF-8, in the endpoint's format."""
    text = read_text(event.type, event.data) if endpoint.include_text else {}
    shown = {name: _shown(str(value), endpoint.format) for name, value in text.items() if value}
    match endpoint.format:
        case Format.SLACK:
            # The three characters that mean something to Slack.
            content: dict[str, Any] = {"text": html.escape(_chat_text(event, shown), quote=False)}
        case Format.DISCORD:
            content = {"content": _chat_text(event, shown), "allowed_mentions": {"parse": []}}
        case Format.TELEGRAM:
            content = {"chat_id": telegram_chat(endpoint.url), "text": _chat_text(event, shown)}
        case Format.TEAMS:
            content = _teams_card(_chat_text(event, shown), _link(event))
        case _:
            content = {
                "type": event.type,
                "timestamp": iso(event),
                "data": {**event.data, **_bounded(text)},
            }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def iso(event: WebhookEvent) -> str:
    """Return when the event happened, as ISO 8601 in UTC."""
    return event.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def telegram_chat(url: str) -> str:
    """Return the chat that the URL of a Telegram bot names; empty if it names none."""
    return parse_qs(urlsplit(url).query).get("chat_id", [""])[0]


def _bounded(text: dict[str, Any]) -> dict[str, Any]:
    """Cut texts that would make the body too large, and say so."""
    found: dict[str, Any] = {}
    for name, value in text.items():
        whole = clean_text(value) if isinstance(value, str) else value
        found[name] = whole
        if isinstance(whole, str) and _size(whole) > MOST_TEXT_BYTES:
            found[name] = _beginning(whole)
            found["is_truncated"] = True
    return found


def _beginning(text: str) -> str:
    lengths = range(len(text) + 1)
    end = bisect_right(lengths, MOST_TEXT_BYTES, key=lambda length: _size(text[:length]))
    return text[: end - 1]


def _size(text: str) -> int:
    """Return how many bytes a text takes in the body, with the characters that JSON escapes."""
    return len(json.dumps(text, ensure_ascii=False).encode())


def _shown(text: str, chat: str) -> str:
    """Return a text as one line of a chat message; services count UTF-16 units."""
    line = one_line(clean_text(text))
    if chat == Format.DISCORD:
        line = DISCORD_MARKUP.sub(lambda found: found[1] or f"\\{found[0]}", line)
    units = line.encode("utf-16-le")
    if len(units) <= 2 * MOST_CHAT_TEXT:
        return line
    return units[: 2 * MOST_CHAT_TEXT].decode("utf-16-le", "ignore") + "…"


def _chat_text(event: WebhookEvent, text: dict[str, str]) -> str:
    """Return what people read in a chat: a sentence, the text, and a link to the conversation."""
    if event.type == EventType.MESSAGE_CREATED:
        # The line of a transition is no answer of the agent.
        writer = str(event.data.get("kind") or event.data.get("role"))
        lines = [WRITERS.get(writer, "A message was written.")]
    else:
        lines = [SENTENCES[EventType(event.type)]]
    lines += [f"{name.capitalize()}: {line}" for name, line in text.items()]
    if link := _link(event):
        lines.append(link)
    return "\n".join(lines)


def _link(event: WebhookEvent) -> str:
    """Return the admin page of what the event is about; staff log in there by themselves."""
    pages = {
        "session_id": "admin:widgets_widgetsession_change",
        "contact_id": "admin:contacts_contact_change",
    }
    for name, page in pages.items():
        if name in event.data:
            try:
                return settings.SITE_URL + reverse(page, args=[event.data[name]])
            except NoReverseMatch:
                return ""
    return ""


def _teams_card(text: str, link: str) -> dict[str, Any]:
    """Return an adaptive card, as Teams' workflows take it, whose text is not Markdown.

    Addresses in it are no links by themselves.
    """
    runs: list[dict[str, Any]] = [{"type": "TextRun", "text": line} for line in text.splitlines()]
    if link:
        runs[-1]["selectAction"] = {"type": "Action.OpenUrl", "url": link}
    paragraphs = [{"type": "RichTextBlock", "inlines": [run]} for run in runs]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": paragraphs,
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "content": card}]}
