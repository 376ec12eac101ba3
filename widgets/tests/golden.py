"""The golden frames of docs/frames.json."""

import json
from typing import Any

from django.conf import settings

GOLDEN: dict[str, Any] = json.loads((settings.BASE_DIR / "docs" / "frames.json").read_text("utf-8"))


def server_shapes() -> set[tuple[str, str, frozenset[str]]]:
    """Version, type and field names of every frame that the server may send."""
    return {
        (entry["version"], entry["frame"]["type"], frozenset(entry["frame"]))
        for entry in GOLDEN["server"]
    }


def is_golden(frame: dict[str, Any], *, v2: bool) -> bool:
    """Whether a frame has exactly the fields that the golden examples show for it.

    An example of base stands for v2 as well, where v2 has none of its own.
    """
    shapes = server_shapes()
    kind = frame["type"]
    has_v2_shape = any(version == "v2" and shape == kind for version, shape, _ in shapes)
    fields = frozenset(frame)
    if kind == "error":
        allowed = {"type", "message", "code", "retry_after"} | (
            {"client_message_id"} if v2 else set()
        )
        return {"type", "message", "code"} <= fields <= allowed
    if v2 and has_v2_shape:
        return ("v2", kind, fields) in shapes
    return ("base", kind, fields) in shapes
