"""Home lists the languages in which visitors wrote, and each opens its conversations."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from widgets.models import WidgetConfig, WidgetMessage
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session

LIST = "/admin/widgets/widgetsession/"


@pytest.fixture
def widget(acme: Organization) -> WidgetConfig:
    return make_widget(acme)


def write(widget: WidgetConfig, *texts: str, shown: str = "") -> None:
    session, _ = create_widget_session(widget=widget, language=shown)
    for text in texts:
        append_message(session, role="user", content=text)
        append_message(session, role="assistant", content="The assistant writes English.")


def languages(client: Client) -> dict[str, tuple[int, str]]:
    page: Any = client.get("/admin/")
    [data] = [each["data"] for each in page.context["sections"] if each["name"] == "lists"] or [{}]
    [rows] = [each["rows"] for each in data["lists"] if each["title"] == "Languages"] or [[]]
    return {row["label"]: (row["count"], row["url"]) for row in rows}


def test_languages_are_those_of_the_questions(
    client: Client, alice: User, widget: WidgetConfig, globex: Organization
) -> None:
    # The interface may have another language than the question.
    write(widget, "Haben Sie am Sonntag geöffnet?", shown="en")
    write(widget, "Hallo", "Können Sie mir die Torte bis Freitag liefern?")
    write(widget, "Do you deliver on Sunday?")
    write(widget, "هل لديكم خبز بدون غلوتين؟")
    write(widget, "ok")
    write(widget, "ok", shown="fr")
    write(widget, "ok", shown="xx")
    write(make_widget(globex), "Est-ce que vous êtes ouverts le dimanche ?")
    client.force_login(alice)
    shown = languages(client)
    assert {name: count for name, (count, _) in shown.items()} == {
        "German": 2,
        "English": 1,
        "Arabic": 1,
        "French": 1,
    }
    page: Any = client.get(shown["German"][1])
    assert len(page.context["cl"].result_list) == 2
    assert [chip["label"] for chip in page.context["lq_chips"]] == ["Language, last 7 days: German"]


def test_old_questions_and_unknown_languages_count_for_none(
    client: Client, alice: User, widget: WidgetConfig
) -> None:
    write(widget, "Haben Sie am Sonntag geöffnet?")
    client.force_login(alice)
    for value in ("", "xx", "German", "de'"):
        page: Any = client.get(LIST, {"language": value})
        assert page.status_code == 200
        assert not page.context["lq_chips"]
        assert len(page.context["cl"].result_list) == 1
    WidgetMessage.objects.update(created_at=timezone.now() - timedelta(days=8))
    page = client.get("/admin/")
    assert "Languages" not in page.content.decode()
