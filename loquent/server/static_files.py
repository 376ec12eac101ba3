"""Serve static files from the ASGI server, with a version in each address."""

import hashlib
from functools import lru_cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

FOR_EVER = "public, max-age=31536000, immutable"


class HashedStaticFiles(StaticFilesStorage):
    """Adds `?v=` and a content digest to every address, so `collectstatic` is not needed."""

    def url(self, name: str | None, force: bool = False) -> str:
        """Return the URL of a file, with its version if the file exists."""
        address: str = super().url(name)
        version = version_of(name or "")
        return f"{address}?v={version}" if version else address


def version_of(name: str) -> str:
    """Return the digest of a static file as it is on disk now; empty if there is none."""
    found = finders.find(name) if name else None
    if not found:
        return ""
    return _digest(found, Path(found).stat().st_mtime_ns)


@lru_cache(maxsize=1_000)
def _digest(path: str, _mtime: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]
    """WhiteNoise with whole-file responses.

    Under ASGI, Django would read WhiteNoise's streams to their end anyway, and warn about each; the
    files are small.
    """

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        """Return the response to a request for a static file."""
        found = static_file.get_response(request.method, request.META)
        body = b""
        if found.file is not None:
            with found.file as file:
                body = file.read()
        response = HttpResponse(body, status=int(found.status))
        del response["Content-Type"]
        for name, value in found.headers:
            response[name] = value
        name = request.path_info.removeprefix("/static/")
        if (version := request.GET.get("v")) and version == version_of(name):
            response["Cache-Control"] = FOR_EVER
        return response
