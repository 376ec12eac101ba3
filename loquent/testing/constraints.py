"""`python -m loquent.testing.constraints`: write constraints.txt.

It has the exact version of whatever requirements.txt and requirements-tracing.txt bring with them,
as installed in this environment, so that builds of the image are alike.
"""

import re
import sys
from importlib.metadata import distribution
from pathlib import Path

from django.conf import settings
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FILES = ("requirements.txt", "requirements-tracing.txt")
TARGET = "constraints.txt"
HEAD = "# Made by `make constraints`: every package of the image, at its exact version.\n"


def resolved() -> dict[str, str]:
    """Name and installed version of all packages that the requirements need, by and by."""
    root = Path(settings.BASE_DIR)
    lines = [line for name in FILES for line in (root / name).read_text("utf-8").splitlines()]
    todo = [Requirement(line) for line in lines if re.match(r"[a-z]", line)]
    found: dict[str, str] = {}
    seen: set[str] = set()
    while todo:
        requirement = todo.pop()
        if str(requirement) in seen:
            continue
        seen.add(str(requirement))
        package = distribution(requirement.name)
        found[canonicalize_name(requirement.name)] = package.version
        extras = ("", *requirement.extras)
        for text in package.requires or ():
            needed = Requirement(text)
            if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in extras):
                todo.append(needed)
    return dict(sorted(found.items()))


def text() -> str:
    """What belongs in the file."""
    return HEAD + "".join(f"{name}=={version}\n" for name, version in resolved().items())


if __name__ == "__main__":
    (Path(settings.BASE_DIR) / TARGET).write_text(text(), encoding="utf-8")
    sys.stdout.write(f"Wrote {TARGET}.\n")
