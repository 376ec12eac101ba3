"""The code for each kind of site: names the widget, carries its options, escapes them."""

import html
import json
import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from loquent.errors import ApplicationError
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from widgets.models import WidgetConfig
from widgets.services.configs import public_config
from widgets.services.setup.snippets import embed_code, platforms, save_embed_options

NASTY = """a"b'c</script>&\\{d}"""


@pytest.fixture
def widget(acme: Organization) -> WidgetConfig:
    return make_widget(acme, name="Shop")


def codes(widget: WidgetConfig) -> dict[str, str]:
    return {platform.key: platform.code for platform in platforms(widget)}


def test_each_platform_names_the_widget_and_the_server(widget: WidgetConfig) -> None:
    found = codes(widget)
    assert set(found) == {
        "html", "wordpress", "shopify", "wix", "squarespace", "gtm", "react", "vue", "next",
    }  # fmt: skip
    for code in found.values():
        assert widget.widget_id in code
        assert "http://127.0.0.1:8000/api/widget/embed.js" in code


def test_options_are_attributes_of_the_code(widget: WidgetConfig) -> None:
    plain = embed_code(widget)
    save_embed_options(
        widget=widget,
        options={
            "launcherText": " Ask us ",
            "launcherIcon": "spark",
            "theme": "auto",
            "sound": "on",
        },
    )
    assert widget.embed_options == {"launcherText": "Ask us", "launcherIcon": "spark"}
    assert embed_code(widget) == plain.replace(
        "></script>", ' data-launcher-icon="spark" data-launcher-text="Ask us"></script>'
    )
    assert len(public_config(widget)) == 9
    for key in ("gtm", "react", "vue"):
        assert '"launcherText": "Ask us"' in codes(widget)[key]
    assert 'data-launcher-text="Ask us"' in codes(widget)["next"]
    save_embed_options(widget=widget, options={})
    assert embed_code(widget) == plain


def test_options_are_escaped_for_each_language(widget: WidgetConfig) -> None:
    save_embed_options(widget=widget, options={"launcherText": NASTY})
    found = codes(widget)
    attribute = re.search(r'data-launcher-text="([^"]*)"', found["html"])
    assert attribute is not None
    assert html.unescape(attribute[1]) == NASTY
    for key in ("gtm", "react", "vue"):
        mounted = re.search(r'push\(\["mount", (\{.*\})\]\);', found[key])
        assert mounted is not None
        assert json.loads(mounted[1])["launcherText"] == NASTY
        assert found[key].count("</script>") == (0 if key == "react" else 1)
    # PHP knows two escapes between single quotes.
    php = re.search(r"echo '(.*)';", found["wordpress"])
    assert php is not None
    assert php[1].replace("\\\\", "\0").replace("\\'", "'").replace("\0", "\\") == found["html"]
    jsx = re.search(r"data-launcher-text=\{(.*)\}\n", found["next"])
    assert jsx is not None
    assert json.loads(jsx[1]) == NASTY


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"launcherText": "x" * 41}, "launcherText"),
        ({"launcherIcon": "rocket"}, "launcherIcon"),
        ({"theme": "blue"}, "theme"),
        ({"sound": "loud"}, "sound"),
    ],
)
def test_invalid_option_is_refused_and_kept_in_the_form(
    client: Client, alice: User, widget: WidgetConfig, options: dict[str, str], name: str
) -> None:
    with pytest.raises(ApplicationError) as refusal:
        save_embed_options(widget=widget, options=options)
    assert list(refusal.value.fields) == [name]
    widget.refresh_from_db()
    assert widget.embed_options == {}
    client.force_login(alice)
    address = f"/admin/widgets/widgetconfig/{widget.pk}/install/"
    response = client.post(address, {"launcherText": "Kept", **options})
    assert response.status_code == 400
    assert options.get("launcherText", "Kept") in response.content.decode()


def test_options_are_saved_on_the_install_page(
    client: Client, alice: User, widget: WidgetConfig
) -> None:
    client.force_login(alice)
    address = f"/admin/widgets/widgetconfig/{widget.pk}/install/"
    response = client.post(address, {"launcherText": "Ask us", "theme": "dark"}, follow=True)
    assert "Copy the code again" in response.content.decode()
    widget.refresh_from_db()
    assert widget.embed_options == {"launcherText": "Ask us", "theme": "dark"}


def test_qr_code_is_an_image(client: Client, alice: User, widget: WidgetConfig) -> None:
    client.force_login(alice)
    response = client.get(f"/admin/widgets/widgetconfig/{widget.pk}/qr/")
    assert response["Content-Type"] == "image/svg+xml"
    assert response.content.startswith(b"<?xml")
    assert "style-src" not in response["Content-Security-Policy"]
