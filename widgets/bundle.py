"""The built widget, ready to be served: read and compressed once per version of a file."""

import gzip
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import brotli
from cachetools import LRUCache, cached
from django.conf import settings

# `q=` more than 0, the only parameter of an encoding.
_WANTED = re.compile(r"\s*q\s*=\s*(?:1|0?\.0*[1-9])")
# The output of build.js: widget.min.js, and the files that it loads later, chunks/<hash>.js.
DIST: Path = settings.BASE_DIR / "widget-js" / "dist"
_CHUNK = re.compile(r"([0-9a-f]{16,20})\.js\Z")
CACHE_BYTES = 4 * 1024 * 1024
_cache: LRUCache[tuple[Path, str], "Bundle"] = LRUCache(
    CACHE_BYTES, getsizeof=lambda bundle: bundle.weight
)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A script, plain and compressed; `digest` identifies its version."""

    plain: bytes
    gzip: bytes
    brotli: bytes
    digest: str

    @property
    def weight(self) -> int:
        """Return its size in memory, in bytes."""
        return len(self.plain) + len(self.gzip) + len(self.brotli)

    def encoded(self, accept_encoding: str) -> tuple[bytes, str]:
        """Return the best form for an Accept-Encoding header, and its name (empty for plain)."""
        accepted = set()
        for item in accept_encoding.lower().split(","):
            name, _, parameters = item.partition(";")
            if not parameters or _WANTED.match(parameters):
                accepted.add(name.strip())
        if "br" in accepted:
            return self.brotli, "br"
        if "gzip" in accepted:
            return self.gzip, "gzip"
        return self.plain, ""


def load_bundle() -> Bundle:
    """Return the first file as it is on disk now."""
    return _load(DIST / "widget.min.js")


def load_chunk(name: str) -> Bundle | None:
    """Return the file for chunks/<name>; None if there is none.

    The first file has such a name, too, from its own digest: for pages that pin its version.
    """
    match = _CHUNK.match(name)
    if match is None:
        return None
    try:
        return _load(DIST / "chunks" / name)
    except FileNotFoundError:
        first = load_bundle()
        return first if first.digest == match[1] else None


def _load(path: Path) -> Bundle:
    found = path.stat()
    return _read(path, f"{found.st_mtime_ns}-{found.st_size}")


@cached(_cache, lock=Lock())
def _read(path: Path, version: str) -> Bundle:
    plain = path.read_bytes()
    return Bundle(
        plain=plain,
        gzip=gzip.compress(plain, 9, mtime=0),
        brotli=brotli.compress(plain, quality=11),
        digest=hashlib.sha256(plain).hexdigest()[:20],
    )
