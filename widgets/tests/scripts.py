"""A built widget for tests, and what a browser makes of the answers."""

import gzip
from pathlib import Path
from typing import Any

import brotli

SCRIPT = b"(()=>{const chat={open(){},close(){},send(text){return text}};chat.open()})();\n" * 40


def build(folder: Path) -> Path:
    """Write the first file, as build.js would; gives the folder of what it made."""
    (folder / "chunks").mkdir(parents=True)
    (folder / "widget.min.js").write_bytes(SCRIPT)
    return folder


def decoded(response: Any) -> bytes:
    """The body of an answer, uncompressed."""
    encoding = response.headers.get("Content-Encoding")
    if encoding == "br":
        plain: bytes = brotli.decompress(response.content)
        return plain
    return gzip.decompress(response.content) if encoding == "gzip" else response.content
