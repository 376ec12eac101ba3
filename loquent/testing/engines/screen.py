"""What a person does and sees in a tab. Every verb waits for its condition, none for time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from loquent.testing.engines.engine import Actions, DriverError, NoPageError, Tab
from loquent.testing.engines.finder import FINDER
from loquent.testing.waiting import eventually

# Key values of the WebDriver standard.
KEYS = {
    "Tab": "\ue004",
    "Enter": "\ue007",
    "Shift": "\ue008",
    "Control": "\ue009",
    "Escape": "\ue00c",
    "Space": " ",
    "ArrowUp": "\ue013",
    "ArrowDown": "\ue015",
    "Delete": "\ue017",
}

Around = str | tuple[str, str] | None


@dataclass(frozen=True)
class Element:
    """An element as it was when it was looked at; lengths are CSS pixels.

    `number` tells the elements of a page apart.
    """

    number: int
    name: str
    text: str
    value: str
    tag: str
    direction: str
    attributes: dict[str, str]
    enabled: bool
    focused: bool
    middle: tuple[int, int]
    box: tuple[float, float, float, float]
    clickable: bool


class Screen:
    """A tab, by role and accessible name. The role "text" means the text of an element."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab

    async def all(
        self,
        role: str,
        name: str | None = None,
        *,
        within: Around = None,
        contains: bool = False,
        scroll: bool = False,
    ) -> list[Element]:
        """Return all visible elements of a role, now.

        `name`: the whole accessible name, or a part of it if `contains`. `within`: the role of an
        element around it, or its role and a part of its text. `scroll`: scroll the first one into
        view.
        """
        around = (within, "") if isinstance(within, str) else within
        query = {"role": role, "name": name, "within": around, "contains": contains}
        try:
            found = await self.tab.evaluate(FINDER, query | {"scroll": scroll})
        except DriverError as error:
            # The page is just being replaced by the next one: the caller looks again.
            raise AssertionError(f"Cannot look at the page: {error}") from error
        return [Element(**each) for each in found]

    async def see(
        self,
        role: str,
        name: str | None = None,
        *,
        text: str = "",
        where: Callable[[Element], bool] = lambda element: True,
        count: int = 1,
        within: Around = None,
        contains: bool = False,
    ) -> Element:
        """Wait until exactly `count` such elements are visible, and return the first.

        `text`: what the element contains. `where`: what else must be true of it.
        """
        seen: list[Element] = []

        async def look() -> None:
            found = await self.all(role, name, within=within, contains=contains)
            seen[:] = [each for each in found if text in each.text and where(each)]
            assert len(seen) == count, f"{role} {name!r} {text!r}: {seen}, out of {found}"

        await eventually(look)
        return seen[0]

    async def see_none(
        self, role: str, name: str | None = None, *, text: str = "", contains: bool = False
    ) -> None:
        """Wait until no such element is visible."""

        async def look() -> None:
            found = await self.all(role, name, contains=contains)
            left = [each for each in found if text in each.text]
            assert left == [], f"{role} {name!r} is still there: {left}"

        await eventually(look)

    async def see_focus(self, name: str) -> None:
        """Wait until the element with this accessible name has the focus."""

        async def look() -> None:
            [focused] = await self.all("focus")
            assert focused.name == name, f"The focus is on {focused}, not on {name!r}."

        await eventually(look)

    async def click(self, role: str, name: str | None = None, *, within: Around = None) -> None:
        """Click on an element as soon as it is visible, stands still, and nothing covers it."""
        middles: list[tuple[int, int]] = []

        async def aim() -> None:
            found = await self.all(role, name, within=within, scroll=True)
            names = [each.name for each in found or await self.all(role)]
            assert len(found) == 1, f"Not exactly one {role} {name!r}: {names}"
            before, now = middles[-1:], found[0]
            middles.append(now.middle)
            assert now.clickable, f"Something covers {now}."
            assert now.enabled, f"{now} is disabled."
            assert before == [now.middle], f"{now} moves."

        async def hit() -> None:
            await eventually(aim)
            x, y = middles[-1]
            point = {"type": "pointerMove", "x": x, "y": y, "duration": 0, "origin": "viewport"}
            press = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
            mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}}
            await self._perform([mouse | {"actions": [point, *press]}])

        await eventually(hit)

    async def _perform(self, actions: Actions) -> None:
        try:
            await self.tab.perform(actions)
        except NoPageError as error:
            raise AssertionError(f"No page to act on: {error}") from error

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, such as "Enter" or "Shift+Tab"."""
        for key in keys:
            held = [KEYS.get(each, each) for each in key.split("+")]
            downs = [{"type": "keyDown", "value": each} for each in held]
            ups = [{"type": "keyUp", "value": each} for each in reversed(held)]
            await self._type_keys([*downs, *ups])

    async def move_focus(self, key: str, name: str, *, most: int = 20) -> None:
        """Press a key, such as "Tab", until the focus is on the element with this name."""
        [focused] = await self.all("focus")
        for _ in range(most):
            before = focused
            await self.press(key)

            async def moved(before: Element = before) -> None:
                nonlocal focused
                [focused] = await self.all("focus")
                assert focused.number != before.number, f"The focus stays on {before}."

            await eventually(moved)
            if focused.name == name:
                return
        raise AssertionError(f"{name!r} is not among the next {most}; the last is {focused}")

    async def type(self, text: str) -> None:
        """Type a text into whatever has the focus."""
        strokes = [{"type": kind, "value": each} for each in text for kind in ("keyDown", "keyUp")]
        await self._type_keys(strokes)

    async def _type_keys(self, strokes: list[dict[str, Any]]) -> None:
        keyboard = {"type": "key", "id": "keyboard", "actions": strokes}
        await eventually(lambda: self._perform([keyboard]))

    async def fill(self, role: str, name: str, text: str) -> None:
        """Click into a field, and replace what is in it."""
        await self.click(role, name)
        await self.see(role, name, where=lambda field: field.focused)
        await self.press("Control+a", "Delete")
        await self.type(text)
        await self.see(role, name, where=lambda field: field.value == text)
