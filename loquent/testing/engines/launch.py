"""Start Debian's Chromium, Firefox and WebKit."""

from pathlib import Path

from loquent.testing.engines.bidi import BidiEngine
from loquent.testing.engines.child import Child, start_display, wait_for_port
from loquent.testing.engines.classic import ClassicEngine, Launched
from loquent.testing.engines.engine import Engine
from loquent.testing.packages import CHROMIUM, CHROMIUM_DRIVER, FIREFOX, WEBKIT_DRIVER
from loquent.testing.ports import free_port

CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
# Firefox asks Mozilla for settings, experiments and updates; a test has no use for them.
FIREFOX_PREFERENCES = """\
user_pref("app.normandy.enabled", false);
user_pref("app.update.disabledForTesting", true);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("intl.accept_languages", "en-US");
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("nimbus.rollouts.enabled", false);
user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
"""


def start_engine(name: str, home: Path) -> Engine:
    """Start an engine of `ENGINES`; its files are in the folder `home`."""
    return ENGINES[name](home)


def _chromium(home: Path) -> Engine:
    def launch() -> Launched:
        port = free_port()
        driver = Child([str(CHROMIUM_DRIVER), f"--port={port}"], home=home)
        wait_for_port(driver, port)
        return port, [driver]

    arguments = [*CHROMIUM_ARGUMENTS, "--headless=new", "--window-size=1280,800"]
    options = {"binary": str(CHROMIUM), "args": arguments}
    capabilities = {"browserName": "chrome", "goog:chromeOptions": options}
    return ClassicEngine("chromium", capabilities=capabilities, launch=launch)


def _firefox(home: Path) -> Engine:
    profile = home / "profile"
    profile.mkdir()
    (profile / "user.js").write_text(FIREFOX_PREFERENCES, encoding="utf-8")
    port = free_port()
    command = [
        *(str(FIREFOX), "--headless", "--no-remote", "--profile", str(profile)),
        f"--remote-debugging-port={port}",
    ]
    browser = Child(command, home=home)
    wait_for_port(browser, port)
    return BidiEngine("firefox", port=port, child=browser)


def _webkit(home: Path) -> Engine:
    def launch() -> Launched:
        display, name = start_display(home)
        port = free_port()
        driver = Child(
            [str(WEBKIT_DRIVER), "--host=127.0.0.1", f"--port={port}"],
            home=home,
            DISPLAY=name,
            GDK_BACKEND="x11",
            LANGUAGE="en_US:en",
            LC_ALL="C.UTF-8",
            # Neither a graphics card nor an accessibility bus is needed.
            LIBGL_ALWAYS_SOFTWARE="1",
            NO_AT_BRIDGE="1",
        )
        wait_for_port(driver, port)
        return port, [driver, display]

    return ClassicEngine("webkit", capabilities={"browserName": "MiniBrowser"}, launch=launch)


ENGINES = {"chromium": _chromium, "firefox": _firefox, "webkit": _webkit}
