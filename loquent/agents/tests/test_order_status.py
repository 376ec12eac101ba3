"""The endpoints of docs/order-status.md tell an order's status to those who know its email."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone
from rest_framework.test import APIClient

from loquent.agents.actions.arguments import ArgumentError, check_arguments
from loquent.agents.actions.calling import call_action
from loquent.agents.actions.results import CallResult
from loquent.agents.actions.spec import ActionSpec
from loquent.agents.agent_action import AgentAction
from loquent.agents.services.actions import spec_of
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent
from loquent.testing.ports import free_port
from loquent.testing.process import plain_environment
from loquent.testing.receiver import Received, Receiver
from loquent.testing.waiting import wait_for_port
from loquent.tests.documents import blocks, read, section

pytestmark = [pytest.mark.django_db, pytest.mark.server]
PAGE = read("docs/order-status.md")
SECRET = "0123456789abcdef0123456789abcdef"
EMAIL = "Jane@Example.com"
# What WordPress and WooCommerce do for the plugin.
WORDPRESS = """<?php
define('ORDER_STATUS_SECRET', getenv('SECRET'));
class WP_Error { function __construct(public $code, public $message, public $data) {} }
class WC_Date { function date($format) { return gmdate($format, 1795600000); } }
class WC_Order {
    function __construct(public $email) {}
    function get_billing_email() { return $this->email; }
    function get_status() { return 'on-hold'; }
    function get_date_created() { return new WC_Date(); }
}
class WC_Order_Refund {}
class WP_REST_Request implements ArrayAccess {
    public $values;
    function __construct() { $this->values = json_decode(file_get_contents('php://input'), true); }
    function get_header($name) { return $_SERVER['HTTP_' . strtoupper($name)] ?? null; }
    function offsetExists($name): bool { return isset($this->values[$name]); }
    function offsetGet($name): mixed { return $this->values[$name] ?? null; }
    function offsetSet($name, $value): void {}
    function offsetUnset($name): void {}
}
function wc_get_order($id) {
    return [10023 => new WC_Order('Jane@Example.com'), 7 => new WC_Order(''),
        8 => new WC_Order_Refund()][$id] ?? false;
}
function wc_get_order_status_name($status) { return ['on-hold' => 'On hold'][$status]; }
function add_action($hook, $run) { if ($hook === 'rest_api_init') $run(); }
function register_rest_route($space, $path, $route) {
    if ($_SERVER['REQUEST_URI'] !== "/wp-json/$space$path") { http_response_code(404); return; }
    if ($_SERVER['REQUEST_METHOD'] !== $route['methods']) { http_response_code(405); return; }
    $request = new WP_REST_Request();
    if (!$route['permission_callback']($request)) { http_response_code(401); return; }
    $result = $route['callback']($request);
    if ($result instanceof WP_Error) http_response_code($result->data['status']);
    header('Content-Type: application/json');
    echo json_encode($result);
}
require 'order-status.php';
"""
TRACKING = "https://post.example/NT1"
ORDERS = {
    "#10023": {
        "name": "#10023",
        "email": EMAIL,
        "createdAt": "2026-11-25T08:00:00Z",
        "displayFulfillmentStatus": "IN_PROGRESS",
        "fulfillments": [{"trackingInfo": [{"url": TRACKING}]}],
    },
    "#7": {"name": "#7", "email": None, "createdAt": "", "fulfillments": []},
}
WHEN = "2026-11-25"
# Section, language, file, command, path, and what the endpoint tells.
SHOPS: dict[str, tuple[str, str, list[str], str, dict[str, str]]] = {
    "WooCommerce": (
        "php",
        "order-status.php",
        ["php", "-S", "127.0.0.1:PORT", "wordpress.php"],
        "/wp-json/shop/v1/order-status",
        {"status": "On hold", "placed_on": WHEN},
    ),
    "Shopify": (
        "js",
        "server.mjs",
        ["node", "server.mjs"],
        "/order-status",
        {"status": "in progress", "placed_on": WHEN, "tracking_url": TRACKING},
    ),
    "Plain Python": (
        "python",
        "server.py",
        [sys.executable, "server.py"],
        "/order-status",
        {"status": "shipped", "placed_on": WHEN, "tracking_url": TRACKING},
    ),
}


def prepare(folder: Path) -> None:
    (folder / "wordpress.php").write_text(WORDPRESS)
    with closing(sqlite3.connect(folder / "shop.db")) as shop, shop:
        shop.execute("CREATE TABLE orders (number, email, status, placed_on, tracking_url)")
        for number, email in (("10023", EMAIL), ("7", "")):
            row = (number, email, "shipped", WHEN, TRACKING)
            shop.execute("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", row)


def shopify(request: Received) -> tuple[int, dict[str, str], bytes]:
    """Answer as Shopify's API does for the documented query, which finds by prefix, too."""
    if request.headers.get("x-shopify-access-token") != "shpat_1":
        return 401, {}, b"{}"
    wanted = json.loads(request.body)["variables"]["find"].removeprefix('name:"').rstrip('"')
    found = [order for name, order in ORDERS.items() if name.startswith(wanted)]
    answer = {"data": {"orders": {"nodes": found[:1]}}}
    return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()


@contextmanager
def running(folder: Path, title: str, shop_url: str) -> Iterator[str]:
    """Run the endpoint of a section, and return its address."""
    language, name, command, path, _ = SHOPS[title]
    [code] = blocks(section(PAGE, title), language)
    (folder / name).write_text(code)
    port = free_port()
    process = subprocess.Popen(
        [part.replace("PORT", str(port)) for part in command],
        cwd=folder,
        env=plain_environment(
            SECRET=SECRET, PORT=str(port), SHOP_URL=shop_url, SHOPIFY_TOKEN="shpat_1"
        ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}{path}"
    finally:
        process.kill()
        process.wait()


def ask(spec: ActionSpec, number: str, email: str) -> CallResult:
    arguments = check_arguments(spec, {"order_number": number, "email": email})
    return async_to_sync(call_action)(spec, arguments, key="")


def post(url: str, data: dict[str, str], authorization: str = f"Bearer {SECRET}") -> int:
    """Return the status of a request."""
    headers = {"Content-Type": "application/json"}
    if authorization:
        headers["Authorization"] = authorization
    parts = urlsplit(url)
    with closing(HTTPConnection(parts.netloc, timeout=10)) as connection:
        connection.request("POST", parts.path, json.dumps(data), headers)
        return connection.getresponse().status


@pytest.mark.parametrize("title", SHOPS)
def test_documented_endpoint_tells_an_order_only_to_who_knows_its_email(
    api: Callable[..., APIClient],
    acme: Organization,
    acme_key: str,
    local_actions: None,
    tmp_path: Path,
    title: str,
) -> None:
    prepare(tmp_path)
    action: dict[str, Any] = json.loads(blocks(section(PAGE, "The action"), "json")[0])
    rows = f"/api/v1/agents/{make_agent(acme).id}/actions/"
    client = api(acme_key)
    with Receiver() as upstream:
        upstream.reply = shopify
        shop_url = upstream.url.removesuffix("/hook")
        with running(tmp_path, title, shop_url) as url:
            created = client.post(rows, {**action, "url": url, "secret": SECRET})
            assert created.status_code == 201, created.json()
            spec = spec_of(AgentAction.objects.get())
            for number, email in (("10023", EMAIL), ("#10023", EMAIL.lower())):
                result = ask(spec, number, email)
                assert (result.outcome, result.data) == ("succeeded", SHOPS[title][-1])
            # Another's order, no order, an order without an address, a refund, a prefix.
            for number in ("10023", "99999", "7", "8", "1002"):
                result = ask(spec, number, "joe@example.com")
                assert (result.outcome, result.status) == ("failed", 404), number
            assert ask(spec, "1002", EMAIL).status == 404
            client.patch(f"{rows}{created.json()['id']}/", {"secret": "wrong"})
            result = ask(spec_of(AgentAction.objects.get()), "10023", EMAIL)
            assert (result.outcome, result.status) == ("failed", 401)
            # What the action itself would not send.
            for forged in ("", "Bearer", "Bearer ", SECRET, "Bearer \xe9" + SECRET[1:]):
                asked = {"order_number": "10023", "email": EMAIL}
                assert post(url, asked, forged) == 401, forged
            for odd in ("", " ", "%", "' OR ''='"):
                assert post(url, {"order_number": "7", "email": odd}) == 404, odd
            assert post(url, {"order_number": "7"}) == 404
            assert post(url, {"email": EMAIL}) == 404


def test_documented_action_asks_for_a_number_and_an_address() -> None:
    action = json.loads(blocks(section(PAGE, "The action"), "json")[0])
    row = AgentAction(**{name: value for name, value in action.items() if name != "secret"})
    row.updated_at = timezone.now()
    spec = spec_of(row)
    for number, email in (("10 OR 1", EMAIL), ("10023", "jane"), ("10023", ""), ("", EMAIL)):
        with pytest.raises(ArgumentError):
            check_arguments(spec, {"order_number": number, "email": email})
