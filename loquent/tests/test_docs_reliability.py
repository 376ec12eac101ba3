"""docs/reliability.md: every promise has a test that bears its number."""

import re

from django.conf import settings

PAGE = (settings.BASE_DIR / "docs" / "reliability.md").read_text("utf-8")
MARK = re.compile(r"pytest\.mark\.promise\((\d+)\)")


def test_promises_and_test_marks_match() -> None:
    promised = [int(number) for number in re.findall(r"^\| (\d+) \| \*\*", PAGE, re.MULTILINE)]
    assert promised == sorted(set(promised))
    marked: set[int] = set()
    for app in ("contacts", "loquent", "widgets"):
        for path in (settings.BASE_DIR / app).rglob("test_*.py"):
            marked |= {int(number) for number in MARK.findall(path.read_text("utf-8"))}
    assert marked == set(promised)
