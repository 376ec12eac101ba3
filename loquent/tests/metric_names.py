"""The names of the metrics: in the code, and in docs/operations.md."""

from prometheus_client import REGISTRY

from loquent.tests.documents import codes, read, rows, section

SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


def in_registry() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Type and labels of each of our metrics, by the name that Prometheus shows."""
    found = {}
    for family in REGISTRY.collect():
        if family.name.startswith("loquent_"):
            collector = REGISTRY._names_to_collectors[family.name]
            name = f"{family.name}_total" if family.type == "counter" else family.name
            found[name] = (family.type, tuple(collector._labelnames))  # type: ignore[attr-defined]
    return found


def documented() -> dict[str, tuple[str, tuple[str, ...]]]:
    """The same from the page."""
    table = rows(section(read("docs/operations.md"), "Metrics"))
    return {codes(cells[0])[0]: (cells[1], tuple(codes(cells[2]))) for cells in table}


def samples() -> set[str]:
    """Every name that a query may use."""
    return {
        name.removesuffix("_total") + suffix
        for name, (kind, _) in in_registry().items()
        for suffix in SUFFIXES[kind]
    }
