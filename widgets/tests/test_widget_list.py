"""The widget list says per widget whether it is on a site, and where it was refused."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries

from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from widgets.models import RefusedOrigin, SeenSite, WidgetConfig

LIST = "/admin/widgets/widgetconfig/"
SHOP = "https://shop.example"


def refuse(widget: WidgetConfig, *origins: str) -> None:
    now = timezone.now()
    for origin in origins:
        RefusedOrigin.objects.create(
            widget=widget, origin=origin, day=now.date(), count=1, last_seen_at=now
        )


def see(widget: WidgetConfig, origin: str, *, minutes_ago: int) -> None:
    moment = timezone.now() - timedelta(minutes=minutes_ago, seconds=5)
    SeenSite.objects.create(widget=widget, origin=origin, last_seen_at=moment)


def line(client: Client) -> str:
    page = client.get(LIST).content.decode()
    cell = page.split('<td class="field-on_your_site">')[1].split("</td>")[0]
    return strip_tags(cell.replace("<br>", " ")).replace("\xa0", " ")


@pytest.mark.parametrize(
    ("seen", "refused", "text"),
    [
        ((), (), "Not installed yet. Install"),
        (((SHOP, 5),), (), "Installed on shop.example, seen 5 minutes ago"),
        (((SHOP, 0),), (), "Installed on shop.example, seen just now"),
        (
            ((SHOP, 90), ("https://www.shop.example", 3)),
            (),
            "Installed on www.shop.example, seen 3 minutes ago",
        ),
        ((("http://localhost:3000", 1),), (), "Not installed yet. Install"),
        (((SHOP, 60 * 24 * 40),), (), "Not installed yet. Install"),
        ((), ("https://a.example",), "1 site was refused"),
        ((), ("https://a.example", "https://b.example"), "2 sites were refused"),
        (
            ((SHOP, 5),),
            ("https://a.example",),
            "Installed on shop.example, seen 5 minutes ago 1 site was refused",
        ),
        # Refused before it was added to the list.
        ((), (SHOP,), "Not installed yet. Install"),
    ],
)
def test_row_says_where_the_widget_is_installed(
    client: Client,
    alice: User,
    acme: Organization,
    seen: tuple[tuple[str, int], ...],
    refused: tuple[str, ...],
    text: str,
) -> None:
    widget = make_widget(acme, allowed_origins=[SHOP])
    for origin, minutes in seen:
        see(widget, origin, minutes_ago=minutes)
    refuse(widget, *refused)
    client.force_login(alice)
    assert line(client) == text
    assert f'href="{LIST}{widget.pk}/install/"' in client.get(LIST).content.decode()


def test_lines_of_many_widgets_need_no_more_queries(
    client: Client,
    alice: User,
    acme: Organization,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    agent = make_agent(acme)
    for number in range(9):
        widget = make_widget(acme, agent=agent, allowed_origins=[SHOP], name=f"W{number}")
        see(widget, SHOP, minutes_ago=number)
        refuse(widget, "https://a.example")
    client.force_login(alice)
    with django_assert_max_num_queries(30):
        page = client.get(LIST).content.decode()
    assert page.count("1 site was refused") == 9
    # From eight rows on, there is something to search.
    assert 'id="searchbar"' in page
    WidgetConfig.objects.filter(name__in=["W7", "W8"]).delete()
    assert 'id="searchbar"' not in client.get(LIST).content.decode()
    assert 'id="searchbar"' in client.get(LIST, {"q": "W1"}).content.decode()
