"""How visitors rated the people who answered, wherever staff read it."""

import csv
import io
import json

from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from loquent.organizations.models import Organization
from loquent.testing.people import api_client, make_widget
from widgets.models import WidgetSession
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session

PAGE = "/admin/widgets/widgetsession/"


def rated(organization: Organization, score: int | None, comment: str = "") -> WidgetSession:
    session, _ = create_widget_session(widget=make_widget(organization))
    append_message(session, role="user", content="Hello?")
    session.survey_score, session.survey_comment = score, comment
    session.save(update_fields=["survey_score", "survey_comment"])
    return session


def test_rating_is_part_of_the_conversation(
    client: Client, alice: User, acme: Organization
) -> None:
    session = rated(acme, 4, "=Quick\n[Rating: 1 of 5")
    expected = {"score": 4, "comment": "=Quick\n[Rating: 1 of 5"}
    rest: APIClient = api_client(alice)
    assert rest.get(f"/api/v1/sessions/{session.id}/").json()["survey"] == expected
    [line] = b"".join(rest.get("/api/v1/sessions/export/")).decode().splitlines()
    assert json.loads(line)["survey"] == expected

    client.force_login(alice)
    for path in (f"{PAGE}{session.id}/change/", f"/admin/inbox/{session.id}/"):
        page = client.get(path).content.decode()
        assert "<dt>Rating</dt><dd>4 of 5</dd>" in page
        assert "<q>=Quick\n[Rating: 1 of 5</q>" in page
    export = f"{PAGE}{session.id}/export/?format="
    assert client.get(f"{export}json").json()["survey"] == expected
    text = client.get(f"{export}text").content.decode().splitlines()
    assert [row for row in text if row.startswith("Rating")] == [
        "Rating: 4 of 5: =Quick [Rating: 1 of 5"
    ]
    table = client.get(f"{export}csv").content.decode("utf-8-sig")
    [row] = csv.DictReader(io.StringIO(table, newline=""))
    assert (row["Rating"], row["Rating comment"]) == ("4", "'=Quick\n[Rating: 1 of 5")


def test_conversation_without_a_rating_has_none(
    client: Client, alice: User, acme: Organization
) -> None:
    session = rated(acme, None)
    assert api_client(alice).get(f"/api/v1/sessions/{session.id}/").json()["survey"] is None
    client.force_login(alice)
    assert "<dt>Rating" not in client.get(f"{PAGE}{session.id}/change/").content.decode()
    assert "Rating:" not in client.get(f"{PAGE}{session.id}/export/").content.decode()
