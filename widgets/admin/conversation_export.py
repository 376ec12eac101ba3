"""Export conversations as text or JSON; many of them as a stream."""

import json
import uuid
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from django.http import Http404, HttpResponse

from loquent.db.threads import in_database
from widgets.services.transcripts import load_records, record_text

# Per format: the content type and the file extension.
FORMATS = {"text": ("text/plain; charset=utf-8", "txt"), "json": ("application/json", "json")}
BATCH = 100
RULE = "\n" + "-" * 72 + "\n\n"


def as_file(records: Sequence[dict[str, Any]], *, kind: str, name: str) -> HttpResponse:
    """Return one conversation as a download; raise Http404 for an unknown format."""
    if kind not in FORMATS:
        raise Http404
    content_type, ending = FORMATS[kind]
    write = record_text if kind == "text" else record_json
    response = HttpResponse("".join(map(write, records)), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    response["Cache-Control"] = "no-store"
    return response


async def stream_records(ids: Sequence[uuid.UUID], *, kind: str) -> AsyncGenerator[str, None]:
    """Yield these conversations in small batches, as a JSON list or as consecutive texts."""
    is_text = kind == "text"
    is_first = True
    if not is_text:
        yield "["
    for start in range(0, len(ids), BATCH):
        records = await in_database(load_records, ids=ids[start : start + BATCH])
        for record in records:
            between = "" if is_first else RULE if is_text else ",\n"
            is_first = False
            yield between + (record_text(record) if is_text else record_json(record))
    if not is_text:
        yield "]\n"


def record_json(record: dict[str, Any]) -> str:
    """Return a record as indented JSON."""
    return json.dumps(record, indent=2, ensure_ascii=False)
