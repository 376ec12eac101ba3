"""Who may import whom (docs/architecture.md): an edge that the tables don't have fails."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

# The composition root imports everything, and nobody imports it.
ROOT = (
    "loquent.settings", "loquent.urls", "loquent.asgi", "loquent.server.run", "loquent.management",
    "loquent.testing", "conftest", "manage",
)  # fmt: skip
APPS = ("loquent.organizations", "loquent.agents", "contacts", "widgets")
APP_MAY_IMPORT = {
    "loquent": ("loquent",),
    "loquent.organizations": ("loquent",),
    "loquent.agents": ("loquent.organizations", "loquent"),
    "contacts": ("loquent.organizations", "loquent"),
    "widgets": ("contacts", "loquent.agents", "loquent.organizations", "loquent"),
}
# Inside an app, upwards; what isn't named stands between services and interfaces.
LAYERS = ("types", "models", "services")
INTERFACES = ("chat", "views", "api", "admin", "management")
# They give the interfaces their addresses, and templates their tags.
ADDRESSES = ("urls", "routing", "templatetags")
# What carries a request belongs to the edge.
NOT_FOR_SERVICES = ("rest_framework", "channels", "django.http")
PURE = {
    "loquent.errors": (),
    "loquent.env": ("django.core.exceptions",),
    "loquent.text": (),
    "loquent.agents.importing.reading": (),
    "loquent.agents.importing.documents": ("loquent.agents.importing",),
    "loquent.agents.importing.tables": ("loquent.agents.importing",),
    "loquent.agents.importing.html": ("loquent.agents.importing", "bs4", "markdownify"),
    "loquent.agents.importing.files": (
        "loquent.agents.importing", "loquent.text", "charset_normalizer",
    ),
    "contacts.normalization": (
        "loquent.errors", "loquent.text", "phonenumbers", "idna", "django.core",
    ),
    "widgets.visitor_page": ("loquent.text",),
    "widgets.chat.protocol": ("loquent.errors", "loquent.text", "widgets.visitor_page"),
    "widgets.chat.server_frames": ("loquent.errors", "widgets.chat.protocol", "widgets.types"),
    "widgets.chat.events": ("widgets.types",),
    "widgets.origins": ("idna",),
}  # fmt: skip


def within(module: str, names: tuple[str, ...]) -> str | None:
    """Which of the names the module is, or is inside of."""
    return next((n for n in names if module == n or module.startswith(f"{n}.")), None)


def app_of(module: str) -> str | None:
    return within(module, (*APPS, "loquent"))


def layer_of(module: str, app: str) -> str:
    return module.removeprefix(app).lstrip(".").partition(".")[0]


def is_pure(imported: str, allowed: tuple[str, ...]) -> bool:
    return imported.partition(".")[0] in sys.stdlib_module_names or bool(within(imported, allowed))


def edges() -> Iterator[tuple[str, str]]:
    """Every import of the product's modules, as (importer, imported)."""
    base = Path(settings.BASE_DIR)
    tops = (base / top for top in ("loquent", "contacts", "widgets"))
    for path in sorted(file for top in tops for file in top.rglob("*.py")):
        parts = path.relative_to(base).with_suffix("").parts
        if {"tests", "migrations"} & set(parts) or within(".".join(parts), ROOT):
            continue
        module = ".".join(parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((module, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{module}: relative import"
                yield from ((module, f"{node.module}.{alias.name}") for alias in node.names)


def explain(importer: str, imported: str) -> str | None:
    """Why an edge must not be; None where it may."""
    app, other = app_of(importer), app_of(imported)
    assert app is not None
    layer = layer_of(importer, app)
    if importer in PURE and not is_pure(imported, PURE[importer]):
        return "pure"
    if layer == "services" and within(imported, NOT_FOR_SERVICES):
        return "a service knows nothing of requests and sockets"
    if other is None:
        return None
    if within(imported, ROOT):
        return "nobody imports the composition root"
    if other != app:
        return None if other in APP_MAY_IMPORT[app] else f"{app} doesn't know {other}"
    below = layer_of(imported, app)
    if below in INTERFACES and layer not in {below, *ADDRESSES} and app != "loquent":
        return "an interface is imported by what gives it its address, and nothing else"
    if layer in LAYERS and below in LAYERS and LAYERS.index(below) > LAYERS.index(layer):
        return "upwards"
    return None


@pytest.fixture(scope="module")
def all_edges() -> list[tuple[str, str]]:
    return list(edges())


def test_every_import_is_in_the_tables(all_edges: list[tuple[str, str]]) -> None:
    assert len(all_edges) > 200
    wrong = [(a, b, why) for a, b in all_edges if (why := explain(a, b))]
    assert wrong == []


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("contacts.services", "widgets.models.WidgetConfig"),
        ("contacts.services", "loquent.agents.models.TextAgent"),
        ("loquent.organizations.api.base", "contacts.models.Contact"),
        ("loquent.errors", "django.http.Http404"),
        ("loquent.db.threads", "loquent.organizations.models.ApiKey"),
        ("widgets.services.sessions", "channels.layers.get_channel_layer"),
        ("widgets.services.sessions", "loquent.asgi.application"),
        ("widgets.models", "widgets.services.sessions.open_session"),
        ("widgets.views", "widgets.chat.consumers.WidgetConsumer"),
        ("widgets.chat.turn_runner", "widgets.api.widget_serializers.WidgetSerializer"),
    ],
)
def test_the_walk_finds_a_wrong_edge(importer: str, imported: str) -> None:
    assert explain(importer, imported)
