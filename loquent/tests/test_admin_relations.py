"""No list of the admin can be filtered along a relation, hidden ones included."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from loquent.organizations.models import Organization, Role
from loquent.organizations.services.invitations import invite
from loquent.organizations.services.organizations import create_api_key
from loquent.testing.people import api_client, make_member, make_widget
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session

pytestmark = pytest.mark.exhaustive
PAGES = sorted(admin.site._registry, key=lambda model: model._meta.label)
SECRET = "hepatitis"
LOOKUPS = ("", "__isnull", "__pk", "__pk__startswith", "__regex", "__content_type__startswith")
# Parameters of declared filters that are named like a relation.
OWN_FILTERS = {
    "agents.agentaction": {"agent__organization__isnull"},
    "widgets.widgetsession": {"widget", "widget__organization__isnull"},
    "auth.user": {"groups__isnull"},
    "webhooks.webhookdelivery": {"endpoint__isnull", "endpoint__organization__isnull"},
}
REST = ("widgets", "agents", "contacts", "sessions", "api-keys")


@pytest.fixture(autouse=True)
def _rows(acme: Organization, alice: User) -> None:
    """A row of each kind in the other tenant; saving them also writes lines of the audit log."""
    widget = make_widget(acme)
    session, _ = create_widget_session(widget=widget)
    append_message(session, role="user", content=SECRET)
    create_api_key(organization=acme, name="Key")
    invite(organization=acme, email="new@example.com", role=Role.VIEWER, invited_by=alice)


@pytest.fixture(params=["viewer", "owner", "superuser"])
def person(request: pytest.FixtureRequest, globex: Organization) -> User:
    """A member of another tenant, and the superuser, for whom every list is open."""
    if request.param == "superuser":
        return User.objects.create_superuser("root", password="x")
    return make_member(globex, "mallory", Role(request.param))


def relations(model: type[Model]) -> Iterator[tuple[str, type[Model]]]:
    """Each relation of a model under the name that the ORM knows it by, and where it leads."""
    for field in model._meta._get_fields(include_hidden=True):
        if field.is_relation and field.related_model:
            yield field.name, field.related_model


def paths(model: type[Model]) -> set[str]:
    """Lookups over one relation and over two, with an end of each kind."""
    found: set[str] = set()
    for first, related in relations(model):
        found |= {first + end for end in LOOKUPS}
        for field in related._meta._get_fields(include_hidden=True):
            end = "isnull" if field.is_relation else "regex"
            found.add(f"{first}__{field.name}__{end}")
    own = OWN_FILTERS.get(model._meta.label_lower, set())
    return found - own - {"organization__isnull"}


def list_of(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.mark.parametrize("model", PAGES, ids=lambda model: model._meta.label_lower)
def test_relation_lookups_do_not_filter_lists(
    client: Client, person: User, model: type[Model]
) -> None:
    client.force_login(person)
    is_open = client.get(list_of(model)).status_code == 200
    asked = paths(model)
    assert len(asked) >= 10
    statuses = {path: client.get(list_of(model), {path: "1"}).status_code for path in asked}
    wrong = {path: code for path, code in statuses.items() if code != (400 if is_open else 403)}
    assert wrong == {}


@pytest.mark.parametrize(
    "path",
    [
        "+__content_type__+__organization__widgets__sessions__messages__content__icontains",
        "+__actor__password__regex",
        "audit_entries__content_type__audit_entries__organization__name__startswith",
        "memberships__user__password__startswith",
        "api_keys__digest__startswith",
        "no_such__name",
        "+",
        "pk",
        "id__in",
    ],
)
def test_foreign_tenant_cannot_be_reached_by_lookups(
    client: Client, person: User, path: str
) -> None:
    client.force_login(person)
    for value in (SECRET, "pbkdf2", "md5", ".*"):
        assert client.get("/admin/organizations/organization/", {path: value}).status_code == 400


def test_unknown_parameters_redirect_to_the_list(client: Client, person: User) -> None:
    client.force_login(person)
    page = "/admin/agents/textagent/"
    # The second is computed for the list, and no filter's.
    for name in ("utm_source", "entry_count"):
        answer = client.get(page, {name: "1"})
        assert (answer.status_code, answer["Location"]) == (302, f"{page}?e=1")


@pytest.mark.parametrize("model", PAGES, ids=lambda model: model._meta.label_lower)
def test_only_declared_parameters_reach_a_column(
    client: Client, person: User, model: type[Model]
) -> None:
    client.force_login(person)
    plain: Any = client.get(list_of(model))
    if plain.status_code == 403:
        return
    shown = [row.pk for row in plain.context["cl"].result_list]
    columns = {"+", "digest", "password", "token_digest", "organization__name"}
    for column in columns | {name for name, _ in relations(model)}:
        assert client.get(list_of(model), {"_to_field": column}).status_code == 400, column
    for query in (
        {"o": "+"}, {"o": "digest"}, {"o": "-99.99"}, {"o": "organization__name"}, {"p": "-1"},
        {"p": "x"}, {"all": ""}, {"e": "1"}, {"_popup": "1"}, {"_facets": "1"}, {"_to_field": "id"},
    ):  # fmt: skip
        answer: Any = client.get(list_of(model), query)
        assert answer.status_code == 200, query
        assert {row.pk for row in answer.context["cl"].result_list} == set(shown), query
    if plain.context["cl"].search_fields:
        # A search is for words as they are: no pattern, no column, no relation.
        for words in (".*", "^", "%", "_", "organization__name:Acme", "\\", "'", '"', "x " * 2_000):
            answer = client.get(list_of(model), {"q": words})
            assert answer.status_code == 200, words[:10]
            assert SECRET not in answer.content.decode()


@pytest.mark.parametrize("kind", REST)
def test_api_filters_accept_no_relations(
    globex: Organization, settings: Settings, kind: str
) -> None:
    settings.RATE_LIMITS = False
    client = api_client(make_member(globex, "mallory", Role.OWNER))
    names = {path for model in PAGES for path in paths(model) if path.count("__") < 2}
    for name in sorted(names):
        assert client.get(f"/api/v1/{kind}/", {name: "1"}).status_code == 400, name
        assert client.get(f"/api/v1/{kind}/", {"ordering": name}).status_code == 400, name


def test_every_relation_has_a_reverse_name() -> None:
    names = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta._get_fields(include_hidden=True)
        if field.name == "+"
    }
    assert names == set()


@pytest.mark.parametrize(
    "query",
    [
        "created_at__year=99999999999999999999",
        "created_at__year=0",
        "created_at__year=x",
        "created_at__year=2026&created_at__month=13",
        "created_at__year=2026&created_at__month=2&created_at__day=31",
    ],
)
def test_impossible_dates_are_handled(client: Client, alice: User, query: str) -> None:
    client.force_login(alice)
    page = reverse("admin:widgets_erasurereceipt_changelist")
    assert client.get(f"{page}?{query}").status_code == 302
    assert client.get(f"{page}?created_at__year=2026&created_at__month=11").status_code == 200
