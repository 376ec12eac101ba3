"""`manage.py setup_demo`: makes the demo once, and leaves alone what people changed."""

import io
import re
import stat
import time
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from pytest_django.fixtures import Settings

from loquent.agents.knowledge_source import KnowledgeSource
from loquent.agents.models import KnowledgeEntry, TextAgent
from loquent.organizations.models import Organization
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig, WidgetSession
from widgets.services.demo import create_demo, demo_widget

pytestmark = pytest.mark.django_db


def set_up(var: Path) -> str:
    out = io.StringIO()
    call_command("setup_demo", "--var", str(var), stdout=out)
    return out.getvalue()


def test_it_prints_links_and_a_password_that_works(tmp_path: Path) -> None:
    printed = set_up(tmp_path)
    for path in ("/demo/", "/admin/", "/admin/inbox/", "/api/v1/"):
        assert f"http://127.0.0.1:8000{path}\n" in printed
    password = re.search(r"password (\S+)", printed)
    assert password is not None
    owner = User.objects.get(username="owner@example.com")
    assert owner.check_password(password[1])
    assert not owner.is_superuser
    assert KnowledgeEntry.objects.count() >= 5
    widget = demo_widget()
    assert widget is not None
    assert len(widget.starters) == 3
    assert widget.notice is not None
    assert not widget.notice["consent"]


def test_a_visitor_waits_in_the_inbox_at_any_hour(tmp_path: Path) -> None:
    set_up(tmp_path)
    session = WidgetSession.objects.get()
    assert (session.handler, session.follow_up) == ("team", False)
    assert session.waiting_since is not None
    # The hours of the shop hold for what comes.
    assert session.widget.organization.business_hours


def test_the_password_file_is_for_its_owner_only(tmp_path: Path) -> None:
    set_up(tmp_path / "var")
    file = tmp_path / "var" / "demo-owner.txt"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text(encoding="utf-8").startswith("email: owner@example.com\npassword: ")


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    file = tmp_path / "demo-owner.txt"
    file.write_text("from earlier", encoding="utf-8")
    file.chmod(0o644)
    set_up(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    set_up(tmp_path)
    file = tmp_path / "demo-owner.txt"
    kept = file.read_text(encoding="utf-8")
    widget = demo_widget()
    assert widget is not None
    WidgetConfig.objects.filter(id=widget.id).update(greeting="Mine", primary_color="#123456")
    TextAgent.objects.update(instructions="Mine, too")
    KnowledgeEntry.objects.first().delete()  # type: ignore[union-attr]
    before = [list(m.objects.order_by("pk").values()) for m in (WidgetConfig, TextAgent, User)]
    entries = KnowledgeEntry.objects.count()

    printed = set_up(tmp_path)
    assert "password" not in printed.replace("password and API key", "")
    assert "http://127.0.0.1:8000/demo/" in printed
    assert file.read_text(encoding="utf-8") == kept
    after = [list(m.objects.order_by("pk").values()) for m in (WidgetConfig, TextAgent, User)]
    assert after == before
    assert KnowledgeEntry.objects.count() == entries


def test_a_renamed_organization_is_still_the_demo(tmp_path: Path) -> None:
    set_up(tmp_path)
    Organization.objects.update(name="My shop")
    set_up(tmp_path)
    assert [o.name for o in Organization.objects.all()] == ["My shop"]
    assert demo_widget() == WidgetConfig.objects.get()


def test_a_deleted_organization_stays_deleted(tmp_path: Path) -> None:
    set_up(tmp_path)
    WidgetConfig.objects.all().delete()
    Organization.objects.all().delete()
    set_up(tmp_path)
    assert not Organization.objects.exists()
    assert demo_widget() is None


@pytest.mark.server
@pytest.mark.django_db(transaction=True)
def test_assistant_reads_the_help_pages_of_the_demo(
    settings: Settings, live_server_process: StartServer
) -> None:
    variables = {"SOURCES_ALLOWED_NETWORKS": "127.0.0.0/8", "SOURCES_ALLOW_HTTP": "1"}
    server = live_server_process(DEMO_PAGE="1", JOBS_IN_SERVER="1", **variables)
    settings.DEMO_PAGE = settings.SOURCES_ALLOW_HTTP = True
    settings.SOURCES_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    create_demo(owner_password="correct horse battery staple", site_url=server.url)
    source = KnowledgeSource.objects.get()
    assert source.url == f"{server.url}/demo/help/"
    deadline = time.monotonic() + 60
    while (status := KnowledgeSource.objects.get().status) in {"waiting", "running"}:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert status == "ready"
    titles = KnowledgeEntry.objects.exclude(page=None).values_list("title", flat=True)
    assert "Gift cards" in titles
    assert len(titles) == 5


def test_demo_reads_no_website_if_the_settings_forbid_it(tmp_path: Path) -> None:
    set_up(tmp_path)
    assert not KnowledgeSource.objects.exists()
