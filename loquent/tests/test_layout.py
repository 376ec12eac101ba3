"""Files stay small enough to read, and folders small enough to see at a glance."""

import subprocess
from collections import Counter
from pathlib import Path

from django.conf import settings

MOST_LINES = 300
MOST_MODULES = 20
# What tools write, and tests: one file per behaviour.
UNCOUNTED = {"migrations", "dist", "tests", "test"}


def modules() -> list[Path]:
    """Return the tracked Python and JavaScript modules."""
    command = ["git", "ls-files", "*.py", "*.js"]
    names = subprocess.check_output(command, cwd=settings.BASE_DIR, text=True).splitlines()
    return [path for path in map(Path, names) if not UNCOUNTED & set(path.parts)]


def test_no_module_is_longer_than_300_lines() -> None:
    base = Path(settings.BASE_DIR)
    lengths = {path: len((base / path).read_text("utf-8").splitlines()) for path in modules()}
    assert len(lengths) > 300
    assert {path: n for path, n in lengths.items() if n > MOST_LINES} == {}


def test_no_folder_has_more_than_20_modules() -> None:
    named = (path for path in modules() if not path.name.startswith("__"))
    # One file per language.
    count = Counter(str(path.parent) for path in named if path.parent.name != "locales")
    assert count["widgets/services"] > 10
    assert {folder: n for folder, n in count.items() if n > MOST_MODULES} == {}
