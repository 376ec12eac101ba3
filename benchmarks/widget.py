"""What the widget costs a page before its first click, beside the barest bubble there could be.

    .venv/bin/python -m benchmarks.widget [--rounds 15] [--slowdown 4] [--json FILE]

Chromium loads three pages in turn, each in a fresh profile: an empty one, one with the barest
bubble (fetch the settings, open a shadow root, put one button in it), and one with embed.js. The
main thread's time is what the browser's own counters say (`TaskDuration` of the DevTools
protocol), with the processor slowed down; the figures are medians. Other work on the machine shows
in them, the more the slower the processor is made: judge by the quartiles whether it was quiet.
"""

import argparse
import asyncio
import json
import statistics
import sys
import threading
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import brotli
from playwright.async_api import Browser, async_playwright

DIST = Path(__file__).parents[1] / "widget-js" / "dist"
CHROMIUM = "/usr/bin/chromium"
SETTLED_MS = 1_500
CONFIG = {
    "name": "Shop",
    "greeting": "Hi, how can I help?",
    "primary_color": "#0f766e",
    "text_color": "#ffffff",
    "position": "bottom_right",
    "contact_info_mode": "none",
    "collect_name": False,
    "collect_email": False,
    "collect_phone": False,
}
BAREST = """
(async (script) => {
  const base = script.src.replace(/\\/api\\/.*/, "");
  const response = await fetch(`${base}/api/widget/wid_x/config`, { credentials: "omit" });
  const config = await response.json();
  const host = document.createElement("div");
  const shadow = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("button{position:fixed;right:20px;bottom:20px;width:56px;height:56px}");
  shadow.adoptedStyleSheets = [sheet];
  const button = document.createElement("button");
  button.style.background = config.primary_color;
  button.setAttribute("aria-label", "Open chat");
  shadow.append(button);
  document.body.append(host);
})(document.currentScript);
"""
WATCH = """
window.seen = { longest: 0, shift: 0 };
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) seen.longest = Math.max(seen.longest, task.duration);
}).observe({ type: "longtask", buffered: true });
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) seen.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@dataclass(frozen=True, slots=True)
class Load:
    """One page's load: milliseconds of the main thread, and what else it did."""

    main_thread_ms: float
    longest_task_ms: float
    layout_shift: float
    requests: int
    stored: int
    sockets: int


class _Files(BaseHTTPRequestHandler):
    """The pages, and the widget's endpoints as the server answers them."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        kind, body = "text/javascript; charset=utf-8", b""
        if path in {"/empty", "/barest", "/widget"}:
            kind, body = "text/html; charset=utf-8", _page(path[1:], self.headers["Host"])
        elif path == "/api/widget/embed.js":
            body = (DIST / "widget.min.js").read_bytes()
        elif path == "/api/widget/barest.js":
            body = BAREST.encode()
        elif path.endswith("/config"):
            kind, body = "application/json", json.dumps(CONFIG).encode()
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Encoding", "br")
        self.end_headers()
        self.wfile.write(brotli.compress(body))

    def log_message(self, *_: object) -> None:
        """No line for each request."""


def _page(kind: str, host: str) -> bytes:
    # Another origin than the page's, as on a customer's site.
    other = host.replace("localhost", "127.0.0.1")
    script = {"barest": "barest.js", "widget": "embed.js"}.get(kind)
    tag = f'<script src="http://{other}/api/widget/{script}" data-widget="wid_x"></script>'
    rows = "".join(
        f"<p>{number}. Tea from the hills, dried in the sun.</p>" for number in range(80)
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title><body>{rows}'
        f"{tag if script else ''}</body></html>"
    ).encode()


async def _load(browser: Browser, address: str, slowdown: float) -> Load:
    context = await browser.new_context()
    page = await context.new_page()
    requests: list[str] = []
    sockets: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("websocket", lambda socket: sockets.append(socket.url))
    await page.add_init_script(WATCH)
    session = await context.new_cdp_session(page)
    await session.send("Performance.enable", {"timeDomain": "threadTicks"})
    await session.send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
    await page.goto(address)
    await page.wait_for_timeout(SETTLED_MS)
    metrics = await session.send("Performance.getMetrics")
    named = {metric["name"]: float(metric["value"]) for metric in metrics["metrics"]}
    seen: dict[str, Any] = await page.evaluate(
        "({...seen, stored: localStorage.length + sessionStorage.length + document.cookie.length})"
    )
    await context.close()
    return Load(
        main_thread_ms=named["TaskDuration"] * 1_000,
        longest_task_ms=seen["longest"],
        layout_shift=seen["shift"],
        requests=len([url for url in requests if "/api/widget/" in url]),
        stored=seen["stored"],
        sockets=len(sockets),
    )


async def measure(*, rounds: int, slowdown: float) -> dict[str, list[Load]]:
    """The loads of each kind of page, in interleaved rounds after one that warms up."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    loads: dict[str, list[Load]] = {"empty": [], "barest": [], "widget": []}
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM,
                args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
            )
            for number in range(rounds + 1):
                for kind, list_of in loads.items():
                    address = f"http://localhost:{server.server_port}/{kind}"
                    load = await _load(browser, address, slowdown)
                    if number:
                        list_of.append(load)
            await browser.close()
    finally:
        server.shutdown()
        server.server_close()
    return loads


def report(loads: dict[str, list[Load]]) -> str:
    """The table, and the difference that counts."""
    lines = [
        "| page | main thread, ms | min to max | longest task, ms | layout shift | requests |",
        "|---|---|---|---|---|---|",
    ]
    for kind, of_kind in loads.items():
        times = [load.main_thread_ms for load in of_kind]
        lines.append(
            f"| {kind} | {statistics.median(times):.1f} | {min(times):.1f} to {max(times):.1f} | "
            f"{max(load.longest_task_ms for load in of_kind):.0f} | "
            f"{max(load.layout_shift for load in of_kind):.3f} | "
            f"{max(load.requests for load in of_kind)} |"
        )
    pairs = zip(loads["widget"], loads["barest"], strict=True)
    above = [widget.main_thread_ms - barest.main_thread_ms for widget, barest in pairs]
    low, middle, high = statistics.quantiles(above, n=4)
    stored = sum(load.stored + load.sockets for load in loads["widget"])
    lines += [
        "",
        f"The widget above the barest bubble: {middle:.1f} ms (median of {len(above)} pairs, "
        f"quartiles {low:.1f} and {high:.1f}); stored things and sockets: {stored}.",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--slowdown", type=float, default=4.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    loads = asyncio.run(measure(rounds=options.rounds, slowdown=options.slowdown))
    sys.stdout.write(report(loads) + "\n")
    if options.json:
        plain = {kind: [asdict(load) for load in of_kind] for kind, of_kind in loads.items()}
        options.json.write_text(json.dumps(plain, indent=1))


if __name__ == "__main__":
    main()
