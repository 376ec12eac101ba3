"""The chat on a shop's page, as a visitor uses it in any engine."""

from loquent.testing.engines import Screen
from widgets.tests.browser.shop import Shop, page_with, strict_policy

# Under a strict policy, only this script of the shop runs beside the widget.
NONCE = "d2F0Y2g"
# Firefox and WebKit ask for an icon by themselves, and report that the policy forbids it.
WATCH = f"""<script nonce="{NONCE}">
window.complaints = [];
addEventListener("error", (event) => complaints.push(String(event.message)));
addEventListener("unhandledrejection", (event) => complaints.push(String(event.reason)));
addEventListener("securitypolicyviolation", ({{ violatedDirective, blockedURI }}) => {{
  if (!blockedURI.endsWith("/favicon.ico"))
    complaints.push(violatedDirective + " of " + blockedURI);
}});
</script>"""


def shop_with(server_url: str, widget_id: str, *, language: str = "en") -> Shop:
    """Return a shop with the strictest policy, whose pages note errors and violations."""
    html = page_with(server_url, widget_id, head=WATCH)
    html = html.replace('lang="en"', f'lang="{language}"')
    policy = strict_policy(server_url).replace("script-src ", f"script-src 'nonce-{NONCE}' ")
    return Shop(html, policy=policy)


async def complaints_of(screen: Screen) -> list[str]:
    """Return the uncaught errors and policy violations since the page was loaded."""
    found: list[str] = await screen.tab.evaluate("() => window.complaints")
    return found


async def open_chat(screen: Screen, shop: Shop) -> None:
    """Visit the shop and open the chat."""
    await screen.tab.goto(shop.origin)
    await screen.click("button", "Open chat")
    await screen.see("dialog", "Acme")


async def say(screen: Screen, text: str) -> None:
    """Type a message and send it."""
    await screen.fill("textbox", "Message", text)
    await screen.click("button", "Send message")


async def see_message(screen: Screen, text: str) -> None:
    """Wait until the transcript has this message exactly once."""
    await screen.see("text", text, within="log")
