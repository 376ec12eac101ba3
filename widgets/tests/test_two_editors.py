"""ETag and If-Match: two editors of a widget or an agent don't overwrite each other."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from rest_framework.test import APIClient

from loquent.agents.models import KnowledgeEntry, TextAgent
from loquent.agents.services import agent_version, update_agent
from loquent.errors import VersionConflictError
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from widgets.models import WidgetConfig
from widgets.services.configs import change_widget, switch_widgets, widget_version

Connect = Callable[..., APIClient]
KINDS = ["widgets", "agents"]


@pytest.fixture
def client(api: Connect, acme_key: str) -> APIClient:
    return api(acme_key)


@pytest.fixture
def paths(acme: Organization) -> dict[str, str]:
    """The address of one of each kind."""
    agent = make_agent(acme, name="First")
    widget = make_widget(acme, agent=make_agent(acme), name="First")
    return {
        "widgets": f"/api/v1/widgets/{widget.id}/",
        "agents": f"/api/v1/agents/{agent.id}/",
    }


def check_conflict(response: Any, current: dict[str, Any]) -> None:
    assert response.status_code == 412
    error = response.json()
    assert error.keys() == {"code", "message", "fields", "current"}
    assert error["code"] == "precondition_failed"
    assert error["current"] == current
    assert error["fields"].keys() == current.keys()


def changed_on_the_way(tag: str) -> list[str]:
    """What proxies that compress make of an entity tag."""
    codings = ("-gzip", "--gzip", ";gzip", "-br", "-zstd")
    longer = [f'{tag[:-1]}{coding}"' for coding in codings]
    return [tag, f"W/{tag}", *longer, *(f"W/{one}" for one in longer)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_outdated_version_is_refused_with_the_changed_fields(
    client: APIClient, paths: dict[str, str], kind: str, method: str
) -> None:
    path = paths[kind]
    before = client.get(path)
    client.patch(path, {"name": "Theirs"})
    theirs = client.get(path)
    mine = {**before.json(), "enabled": False}
    stale = getattr(client, method)(path, mine, headers={"If-Match": before["ETag"]})
    check_conflict(stale, {"name": "Theirs"})
    assert client.get(path).json() == theirs.json()
    fresh = getattr(client, method)(path, mine, headers={"If-Match": theirs["ETag"]})
    assert fresh.status_code == (204 if method == "delete" else 200)


@pytest.mark.parametrize("kind", KINDS)
def test_every_response_has_the_current_etag(
    client: APIClient, paths: dict[str, str], kind: str
) -> None:
    path = paths[kind]
    changed = client.patch(path, {"name": "Second"})
    assert changed["ETag"] == client.get(path)["ETag"]
    replaced = client.put(path, {**changed.json(), "name": "Third"})
    assert replaced["ETag"] == client.get(path)["ETag"] != changed["ETag"]
    body = {k: v for k, v in replaced.json().items() if k != "knowledge"}
    made = client.post(f"/api/v1/{kind}/", body)
    assert made["ETag"] == client.get(made["Location"])["ETag"] != replaced["ETag"]


@pytest.mark.parametrize("kind", KINDS)
def test_matching_etag_returns_304(client: APIClient, paths: dict[str, str], kind: str) -> None:
    path = paths[kind]
    tag = client.get(path)["ETag"]
    for known in (*changed_on_the_way(tag), f'"x", {tag}', "*"):
        same = client.get(path, headers={"If-None-Match": known})
        assert (same.status_code, same.content, same["ETag"]) == (304, b"", tag)
    client.patch(path, {"name": "New"})
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.costly
@pytest.mark.parametrize("kind", KINDS)
def test_if_match_forms_are_understood(client: APIClient, paths: dict[str, str], kind: str) -> None:
    path = paths[kind]

    def change(header: str) -> int:
        response = client.patch(path, {"enabled": True}, headers={"If-Match": header})
        return int(response.status_code)

    assert change("*") == 200
    assert change(client.get(path)["ETag"]) == 200
    for number in range(len(changed_on_the_way('"x"'))):
        assert change(changed_on_the_way(client.get(path)["ETag"])[number]) == 200
    assert change(f'"x", {client.get(path)["ETag"]}') == 200
    for wrong in ("", "x", "abc, def", '"'):
        assert change(wrong) == 400
    for wrong in changed_on_the_way('"x"'):
        assert change(wrong) == 412


def test_unreadable_etag_names_every_field(client: APIClient, paths: dict[str, str]) -> None:
    response = client.patch(paths["widgets"], {}, headers={"If-Match": '"another"'})
    assert {"name", "enabled", "widget_id"} <= response.json()["current"].keys()


def test_reset_and_enabling_change_the_version(client: APIClient, paths: dict[str, str]) -> None:
    path = paths["widgets"]
    tag = client.get(path)["ETag"]
    reset = client.post(f"{path}reset-widget-id/", headers={"If-Match": tag}).json()
    stale = client.post(f"{path}reset-widget-id/", headers={"If-Match": tag})
    check_conflict(stale, {"widget_id": reset["widget_id"]})
    tag = client.get(path)["ETag"]
    switch_widgets(widgets=WidgetConfig.objects.all(), enabled=False)
    check_conflict(client.patch(path, {}, headers={"If-Match": tag}), {"enabled": False})


def test_separately_changed_knowledge_changes_the_version(
    client: APIClient, paths: dict[str, str]
) -> None:
    path = paths["agents"]
    before = client.get(path)
    entry = KnowledgeEntry.objects.get(id=before.json()["knowledge"][0]["id"])
    entry.content = "Something else."
    entry.save()
    stale = client.patch(path, {"name": "Mine"}, headers={"If-Match": before["ETag"]})
    check_conflict(stale, {"knowledge": client.get(path).json()["knowledge"]})


def test_only_recently_changed_knowledge_is_named(client: APIClient, paths: dict[str, str]) -> None:
    path = paths["agents"]
    client.patch(path, {"knowledge": [{"title": "T", "content": "C"}]})
    before = client.get(path)
    client.patch(path, {"name": "Theirs"})
    stale = client.patch(path, {"name": "Mine"}, headers={"If-Match": before["ETag"]})
    check_conflict(stale, {"name": "Theirs"})
    before = client.get(path)
    client.patch(path, {"knowledge": []})
    stale = client.patch(path, {"name": "Mine"}, headers={"If-Match": before["ETag"]})
    check_conflict(stale, {"knowledge": []})


def test_unchanged_save_succeeds(client: APIClient, paths: dict[str, str]) -> None:
    path = paths["widgets"]
    tag = client.get(path)["ETag"]
    client.patch(path, {})
    stale = client.patch(path, {"name": "Mine"}, headers={"If-Match": tag})
    check_conflict(stale, {})
    assert "No setting differs" in stale.json()["message"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", KINDS)
def test_one_of_concurrent_editors_wins(acme: Organization, kind: str) -> None:
    agent = make_agent(acme)
    widget = make_widget(acme, agent=agent)
    version = widget_version(widget) if kind == "widgets" else agent_version(agent)
    together = threading.Barrier(6)

    def save(number: int) -> bool:
        name = f"By {number}"
        together.wait()
        try:
            if kind == "widgets":
                mine = WidgetConfig.objects.get(id=widget.id)
                change_widget(widget=mine, expected_version=version, name=name)
            else:
                theirs = TextAgent.objects.get(id=agent.id)
                update_agent(agent=theirs, data={"name": name}, expected_version=version)
        except VersionConflictError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(6) as pool:
        saved = list(pool.map(save, range(6)))
    assert sum(saved) == 1
    row = WidgetConfig.objects.get() if kind == "widgets" else TextAgent.objects.get()
    assert row.name == f"By {saved.index(True)}"


def test_version_of_an_admin_form_detects_conflicts(alice: User, acme: Organization) -> None:
    widget = make_widget(acme)
    opened = widget_version(widget)
    change_widget(widget=widget, name="Theirs")
    with pytest.raises(VersionConflictError) as caught:
        change_widget(widget=widget, expected_version=opened, greeting="Mine")
    assert caught.value.current == {"name": "Theirs"}
