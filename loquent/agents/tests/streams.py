"""What the tests of a model's stream share: entries, addresses, and ways to cut a text."""

from collections.abc import Iterator
from itertools import combinations

from loquent.agents.backends.links import GivenAddresses
from loquent.agents.types import Source

ENTRIES = [
    Source(title="A", url="https://shop.test/a"),
    Source(title="B", url="https://shop.test/b"),
    Source(title="C", url=""),
    Source(title="D", url="https://shop.test/d"),
    Source(title="A", url="https://shop.test/a"),
]
GIVEN = GivenAddresses(
    ["Read https://shop.test/a, or www.shop.test. Ask help@shop.test or +41441234567."]
)


def splits(written: str) -> Iterator[tuple[str, ...]]:
    """Return a text whole, by characters, and cut at each two places."""
    yield (written,)
    yield tuple(written)
    for first, second in combinations(range(len(written) + 1), 2):
        yield (written[:first], written[first:second], written[second:])
