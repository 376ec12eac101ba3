"""axe: the rules of accessibility that a program can check."""

from pathlib import Path
from typing import Any

from django.conf import settings
from playwright.async_api import Page

SOURCE = Path(settings.BASE_DIR) / "widget-js" / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async (scope) => {
  const { violations } = await axe.run(scope ?? document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  });
  return violations.map(({ id, help, nodes }) =>
    `${id}: ${help} (${nodes.map(({ target }) => target.join(" ")).join(", ")})`);
}"""


async def load_axe(page: Page) -> None:
    """Put the checker into the page, unless it is there."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(SOURCE.read_text(encoding="utf-8"))


async def violations_of(page: Page, scope: str | None = None) -> list[str]:
    """What axe finds on the page as it is now, or in one element of it; shadow roots included."""
    await load_axe(page)
    found: list[Any] = await page.evaluate(RUN, scope)
    return [str(each) for each in found]
