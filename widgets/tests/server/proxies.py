"""The real proxies, with the configurations of deploy/, in front of servers of a test."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings

from loquent.testing.ports import free_port

DEPLOY = Path(settings.BASE_DIR) / "deploy"
READY_SECONDS = 120
END_SECONDS = 10


class Upstream(Protocol):
    """A server on a port of 127.0.0.1, real or a stub."""

    @property
    def port(self) -> int | None: ...


class Proxy:
    """A proxy that listens on a port of 127.0.0.1; `https` where it ends TLS."""

    def __init__(
        self, command: list[str], port: int, home: Path, *, https: bool, **env: str
    ) -> None:
        self.port = port
        self.https = https
        self.url = f"http{'s' if https else ''}://127.0.0.1:{port}"
        self.socket_url = f"ws{'s' if https else ''}://127.0.0.1:{port}"
        self.access_log = home / "access.log"
        self._log = home / "proxy.log"
        with self._log.open("wb") as log:
            self._process: subprocess.Popen[Any] = subprocess.Popen(
                command,
                env={**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home), **env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"The proxy isn't there:\n{self.log()}")

    def log(self) -> str:
        """What the proxy wrote."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def end(self) -> None:
        """End it."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def replaced(text: str, pairs: dict[str, str]) -> str:
    """The text with each value in the place of each name, which must stand there."""
    for name, value in pairs.items():
        assert name in text, name
        text = text.replace(name, value)
    return text


def start_nginx(
    home: Path,
    servers: Sequence[Upstream],
    *,
    port: int | None = None,
    changes: dict[str, str] | None = None,
) -> Proxy:
    """nginx with deploy/nginx/loquent.conf; `changes` are replacements of its text."""
    certificate(home)
    port = port or free_port()
    text = (DEPLOY / "nginx" / "loquent.conf").read_text("utf-8")
    pairs = {
        "listen 80;": f"listen 127.0.0.1:{free_port()};",
        "    listen [::]:80;\n": "",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{port} ssl http2;",
        "    listen [::]:443 ssl http2;\n": "",
        "/etc/ssl/chat.example.com": str(home / "site"),
        "/var/log/nginx/loquent.log": str(home / "access.log"),
        "127.0.0.1:8000": f"127.0.0.1:{servers[0].port}",
        "127.0.0.1:8001": f"127.0.0.1:{servers[-1].port}",
        **(changes or {}),
    }
    (home / "site.conf").write_text(replaced(text, pairs), "utf-8")
    paths = "".join(
        f"{kind}_temp_path {home}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (home / "nginx.conf").write_text(
        f"daemon off;\npid {home}/nginx.pid;\nerror_log stderr warn;\nuser root;\n"
        f"worker_processes 1;\nevents {{ worker_connections 1024; }}\n"
        f"http {{\n{paths}include {home}/site.conf;\n}}\n",
        "utf-8",
    )
    command = ["nginx", "-p", str(home), "-c", str(home / "nginx.conf")]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr.replace('the "user" directive', ""), checked.stderr
    return Proxy(command, port, home, https=True)


def start_caddy(
    home: Path, servers: Sequence[Upstream], *, changes: dict[str, str] | None = None
) -> Proxy:
    """Caddy with deploy/caddy/Caddyfile; `changes` are replacements of its text."""
    port = free_port()
    text = (DEPLOY / "caddy" / "Caddyfile").read_text("utf-8")
    pairs = {
        "127.0.0.1:2020": f"127.0.0.1:{free_port()}",
        "# Access log.\n\tlog {\n": f"\tlog {{\n\t\toutput file {home}/access.log\n",
        **(changes or {}),
    }
    (home / "Caddyfile").write_text(replaced(text, pairs), "utf-8")
    return Proxy(
        ["caddy", "run", "--config", str(home / "Caddyfile"), "--adapter", "caddyfile"],
        port,
        home,
        https=False,
        SITE_URL=f"http://127.0.0.1:{port}",
        UPSTREAMS=" ".join(f"127.0.0.1:{server.port}" for server in servers),
    )


def certificate(home: Path) -> None:
    """A certificate for 127.0.0.1 in site.pem and site.key, by itself."""
    openssl = shutil.which("openssl")
    assert openssl is not None
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(home / "site.key"), "-out", str(home / "site.pem")),
        ],
        capture_output=True,
        check=True,
    )
