"""The receivers of docs/webhooks.md verify what the server sends, and refuse anything else."""

import base64
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from loquent.testing.jobs import run_due_jobs
from loquent.testing.ports import free_port
from loquent.testing.process import plain_environment
from loquent.testing.receiver import Received, Receiver
from loquent.testing.waiting import wait_for_port
from loquent.tests.documents import blocks, read, section
from loquent.webhooks.models import WebhookDelivery, WebhookEndpoint
from loquent.webhooks.services.endpoints import rotate_secret, update_endpoint
from loquent.webhooks.services.events import send_ping
from loquent.webhooks.services.secrets import endpoint_secret

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.server]
PAGE = read("docs/webhooks.md")
Subscribe = Callable[..., WebhookEndpoint]
# File, command. PHP without an ini shows warnings, which come before the status.
COMMANDS: dict[str, tuple[str, list[str]]] = {
    "python": ("receiver.py", [sys.executable, "receiver.py"]),
    "php": ("receiver.php", ["php", "-n", "-S", "127.0.0.1:PORT", "receiver.php"]),
    "js": ("receiver.mjs", ["node", "receiver.mjs"]),
}


FORGED = {
    "webhook-id": "1",
    "webhook-timestamp": "1",
    "webhook-signature": "v1,\xe9" + "A" * 43,
}


def refused(port: int, headers: dict[str, str]) -> int | None:
    """Return the status for headers that are not signed, None without an answer."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("POST", "/", "{}", headers)
        try:
            return connection.getresponse().status
        except HTTPException:
            return None


def leave(port: int) -> None:
    """Break off a request in its body."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf")


@pytest.mark.parametrize("language", COMMANDS)
def test_documented_receiver_accepts_only_what_is_signed(
    subscribe: Subscribe, settings: Settings, tmp_path: Path, language: str
) -> None:
    settings.WEBHOOK_RETRY_SECONDS = (0,)
    endpoint = subscribe()
    old = endpoint_secret(endpoint)
    endpoint = rotate_secret(endpoint=endpoint)
    name, command = COMMANDS[language]
    (tmp_path / name).write_text(blocks(section(PAGE, "Receive and verify"), language)[0])
    secrets = (endpoint_secret(endpoint), old, "whsec_" + "A" * 40)
    for secret, expected in zip(secrets, (204, 204, 401), strict=True):
        port = free_port()
        receiver = subprocess.Popen(
            [part.replace("PORT", str(port)) for part in command],
            cwd=tmp_path,
            env=plain_environment(SECRET=secret, PORT=str(port)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for_port(port)
            assert refused(port, FORGED) in {401, None}
            assert refused(port, {}) in {400, 401, None}
            for _ in range(2):
                leave(port)
            data: Any = {"url": f"http://127.0.0.1:{port}/"}
            endpoint = update_endpoint(endpoint=endpoint, data=data)
            delivery = send_ping(endpoint=endpoint)
            run_due_jobs()
        finally:
            receiver.kill()
            receiver.wait()
        found = WebhookDelivery.objects.get(id=delivery.id)
        assert (found.response_status, bool(found.error)) == (expected, expected == 401)


N8N = """
const require = (await import("node:module")).createRequire(import.meta.url);
const { headers, body } = JSON.parse(process.argv[2]);
const $input = { first: () => ({ json: { headers } }) };
const node = { helpers: { getBinaryDataBuffer: async () => Buffer.from(body, "base64") } };
const found = await (async function () {
SCRIPT
}).call(node);
console.log(JSON.stringify(found[0].json));
"""
ZAPIER = """
const require = (await import("node:module")).createRequire(import.meta.url);
const { headers, body, secret } = JSON.parse(process.argv[2]);
const inputData = {
  body: Buffer.from(body, "base64").toString(), id: headers["webhook-id"], secret,
  time: headers["webhook-timestamp"], signature: headers["webhook-signature"],
};
console.log(JSON.stringify(await (async () => {
SCRIPT
})()));
"""


def run_recipe(tmp_path: Path, frame: str, script: str, request: Received, secret: str) -> str:
    """Run a recipe's script as its service does; return its output, empty if it refused."""
    script = script.replace("whsec_…", secret)
    (tmp_path / "recipe.mjs").write_text(frame.replace("SCRIPT", script))
    body = base64.b64encode(request.body).decode()
    given = json.dumps({"headers": request.headers, "body": body, "secret": secret})
    done = subprocess.run(
        ["node", "recipe.mjs", given], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 or "Not signed." in done.stderr, done.stderr
    return done.stdout


@pytest.mark.parametrize(("title", "frame"), [("n8n", N8N), ("Zapier", ZAPIER)])
def test_recipe_accepts_only_what_is_signed(
    subscribe: Subscribe, receiver: Receiver, tmp_path: Path, title: str, frame: str
) -> None:
    endpoint = subscribe()
    send_ping(endpoint=endpoint)
    run_due_jobs()
    [script] = blocks(section(PAGE, title), "js")
    [request] = receiver.requests
    secret = endpoint_secret(endpoint)
    assert '"type":"ping"' in run_recipe(tmp_path, frame, script, request, secret)
    assert run_recipe(tmp_path, frame, script, request, "whsec_" + "A" * 40) == ""
    request.body += b" "
    assert run_recipe(tmp_path, frame, script, request, secret) == ""
