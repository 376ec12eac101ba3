"""`python -m loquent.testing.packages`: install what `make test` needs.

As root it installs what is missing with apt-get; else it says exactly what to install. Only the
standard library is needed.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NODE_MAJOR = 20
CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_DRIVER = Path("/usr/bin/chromedriver")
FIREFOX = Path("/usr/bin/firefox-esr")
WEBKIT_DRIVER = Path("/usr/bin/WebKitWebDriver")


def postgresql_programs() -> Path | None:
    """Return the directory of the newest PostgreSQL's `initdb` and `postgres`."""
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    numbered = [path.parent for path in found if path.parent.parent.name.isdigit()]
    return max(numbered, key=lambda path: int(path.parent.name), default=None)


def missing_packages() -> list[str]:
    """Return the missing Debian packages."""
    have = {
        "postgresql": postgresql_programs() is not None,
        "redis-server": shutil.which("redis-server") is not None,
        "chromium": CHROMIUM.exists(),
        "chromium-driver": CHROMIUM_DRIVER.exists(),
        "firefox-esr": FIREFOX.exists(),
        "webkit2gtk-driver": WEBKIT_DRIVER.exists(),
        "xvfb": shutil.which("Xvfb") is not None,
        "curl": shutil.which("curl") is not None,
        "nodejs": shutil.which("node") is not None,
        # A receiver of docs/webhooks.md.
        "php-cli": shutil.which("php") is not None,
        "npm": shutil.which("npm") is not None,
        "openssl": shutil.which("openssl") is not None,
        # Proxies, and linters for the files in deploy/.
        "nginx-light": shutil.which("nginx") is not None,
        "caddy": shutil.which("caddy") is not None,
        "prometheus": shutil.which("promtool") is not None,
        "docker-compose": shutil.which("docker-compose") is not None,
        "systemd": shutil.which("systemd-analyze") is not None,
    }
    return [name for name, is_there in have.items() if not is_there]


def install(names: list[str]) -> None:
    """Install Debian packages."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *names]):
        subprocess.run(
            ["apt-get", *arguments], env=environment, stdin=subprocess.DEVNULL, check=True
        )


def node_is_new_enough() -> bool:
    """Return whether Node has the version that the build and its tests need."""
    answer = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    return int(answer.stdout.lstrip("v").partition(".")[0]) >= NODE_MAJOR


def main() -> int:
    """Install the packages or explain; return 0 if everything is installed."""
    missing = missing_packages()
    if missing and (os.geteuid() != 0 or shutil.which("apt-get") is None):
        names = " ".join(missing)
        sys.stderr.write(
            f"`make test` needs these Debian packages: {names}\nInstall them with\n\n"
            f"  sudo apt-get update && sudo apt-get install --no-install-recommends {names}\n\n"
            "or run `make test-quick`, which needs none of them.\n"
        )
        return 1
    if missing:
        try:
            install(missing)
        except subprocess.CalledProcessError as error:
            sys.stderr.write(f"apt-get could not install {' '.join(missing)}: {error}.\n")
            return 1
    if not node_is_new_enough():
        sys.stderr.write(f"Node.js {NODE_MAJOR} or newer is needed: https://nodejs.org\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
