"""Stream long responses: one JSON document per line, with constant memory."""

from collections.abc import AsyncIterator, Generator, Iterable, Iterator
from itertools import chain
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.db import models
from django.db.models import Q
from django.http import StreamingHttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from loquent.db.threads import in_database

MEDIA_TYPE = "application/x-ndjson"


class NdjsonRenderer(JSONRenderer):
    """Lets a client request NDJSON with `Accept`; errors are still JSON."""

    media_type = MEDIA_TYPE
    format = "ndjson"


def stream(
    request: Request, batches: Generator[bytes, None, None], *, filename: str
) -> StreamingHttpResponse:
    """Return a response that sends each batch as soon as it is read.

    The first one is read at once, so that an early failure is an error, not a truncated response.
    The generator is closed with the response, even if the client disconnects.
    """
    first = next(batches, b"")
    whole = chain([first], batches)
    # Django would consume an ordinary iterator completely before sending any of it.
    is_async = isinstance(request._request, ASGIRequest)
    response = StreamingHttpResponse(
        _in_threads(whole) if is_async else whole, content_type=MEDIA_TYPE
    )
    # Django itself closes only the object that it iterates over, which may be another one.
    response._resource_closers.append(batches.close)  # type: ignore[attr-defined]
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["Cache-Control"] = "no-store"
    return response


def in_batches(rows: models.QuerySet[Any], *, size: int) -> Iterator[list[Any]]:
    """Yield all rows once, oldest first by (`created_at`, `id`), even if others are added."""
    ordered = rows.order_by("created_at", "id")
    batch = list(ordered[:size])
    while batch:
        yield batch
        last = batch[-1]
        # The first condition is for the index, the second for rows of the same moment.
        rest = ordered.filter(created_at__gte=last.created_at).filter(
            Q(created_at__gt=last.created_at) | Q(id__gt=last.id)
        )
        batch = list(rest[:size])


def lines(documents: Iterable[Any]) -> bytes:
    """Return the documents as the REST API renders them, one per line."""
    render = JSONRenderer().render
    return b"".join(render(document) + b"\n" for document in documents)


async def _in_threads(batches: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (batch := await in_database(next, batches, b"")) != b"":
        yield batch
