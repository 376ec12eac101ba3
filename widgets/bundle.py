"""The built widget, ready to be served: read and compressed once per version of the file."""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

import brotli
from django.conf import settings

# `q=` more than 0, the only parameter of an encoding.
_WANTED = re.compile(r"\s*q\s*=\s*(?:1|0?\.0*[1-9])")
BUNDLE = settings.BASE_DIR / "widget-js" / "dist" / "widget.min.js"


@dataclass(frozen=True, slots=True)
class Bundle:
    """The script, plain and compressed; `digest` tells its versions apart."""

    plain: bytes
    gzip: bytes
    brotli: bytes
    digest: str

    def encoded(self, accept_encoding: str) -> tuple[bytes, str]:
        """The best form for an Accept-Encoding header, and its name (empty for plain)."""
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
    """The bundle as it is on the disk now."""
    return _load(BUNDLE.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _load(_mtime: int) -> Bundle:
    plain = BUNDLE.read_bytes()
    return Bundle(
        plain=plain,
        gzip=gzip.compress(plain, 9, mtime=0),
        brotli=brotli.compress(plain, quality=11),
        digest=hashlib.sha256(plain).hexdigest()[:20],
    )
