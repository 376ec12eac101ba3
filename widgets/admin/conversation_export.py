"""Export conversations as text, CSV or JSON; many of them as a stream."""

import json
import uuid
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import datetime, tzinfo
from typing import Any

from django.http import Http404, HttpResponse

from loquent.db.threads import in_database
from loquent.organizations.admin.spreadsheets import to_csv
from widgets.services.transcripts import load_records, record_text, reply_label
from widgets.types import MessageRole

# Per format: the content type and the file extension.
FORMATS = {
    "text": ("text/plain; charset=utf-8", "txt"),
    "csv": ("text/csv; charset=utf-8", "csv"),
    "json": ("application/json", "json"),
}
# What the export menus offer.
MENU = (("text", "Text"), ("csv", "CSV for spreadsheets"), ("json", "JSON"))
BATCH = 100
RULE = "\n" + "-" * 72 + "\n\n"
COLUMNS = (
    *("Conversation", "Widget", "Visitor", "Name", "Email", "Phone"),
    *("Time", "From", "Message", "Outcome", "Thumbs", "Comment", "Page"),
    *("Rating", "Rating comment"),
)
# Before the first conversation, between two, and after the last, of a list.
FRAMES = {"text": ("", RULE, ""), "json": ("[", ",\n", "]\n"), "csv": (to_csv([COLUMNS]), "", "")}


def as_file(
    records: Sequence[dict[str, Any]], *, kind: str, name: str, zone: tzinfo
) -> HttpResponse:
    """Return one conversation as a download; raise Http404 for an unknown format.

    `zone`: the time zone of a CSV file's times.
    """
    if kind not in FORMATS:
        raise Http404
    content_type, ending = FORMATS[kind]
    start = FRAMES[kind][0] if kind == "csv" else ""
    body = start + "".join(map(writer(kind, zone), records))
    response = HttpResponse(body, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    response["Cache-Control"] = "no-store"
    return response


async def stream_records(
    ids: Sequence[uuid.UUID], *, kind: str, zone: tzinfo
) -> AsyncGenerator[str, None]:
    """Yield these conversations in small batches, framed as one file."""
    start, between, end = FRAMES[kind]
    write = writer(kind, zone)
    before = start
    for at in range(0, len(ids), BATCH):
        for record in await in_database(load_records, ids=ids[at : at + BATCH]):
            yield before + write(record)
            before = between
    if before == start:
        yield start
    yield end


def writer(kind: str, zone: tzinfo) -> Callable[[dict[str, Any]], str]:
    """Return the function that writes a record in this format."""
    if kind == "text":
        return record_text
    return record_json if kind == "json" else lambda record: record_csv(record, zone)


def record_json(record: dict[str, Any]) -> str:
    """Return a record as indented JSON."""
    return json.dumps(record, indent=2, ensure_ascii=False)


def record_csv(record: dict[str, Any], zone: tzinfo) -> str:
    """Return a record as CSV: a row per message, with its time in this time zone."""
    known = {**(record["typed"] or {}), **_given(record["contact"])}
    who = [known.get(name) or "" for name in ("name", "email", "phone")]
    start = [record["id"], record["widget"]["name"], record["visitor"], *who]
    survey = record["survey"] or {}
    rating = [survey.get("score"), survey.get("comment")]
    rows = []
    for message in record["messages"]:
        is_visitor = MessageRole(message["role"]).is_visitor
        at = datetime.fromisoformat(message["created_at"]).astimezone(zone)
        rows.append([
            *start,
            at.strftime("%Y-%m-%d %H:%M:%S"),
            "Visitor" if is_visitor else message.get("author") or reply_label(message),
            message["content"],
            message["outcome"],
            message["rating"],
            message["rating_comment"],
            message["page_url"],
            *rating,
        ])  # fmt: skip
    return to_csv(rows).removeprefix("\ufeff")


def _given(contact: dict[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (contact or {}).items() if value}
