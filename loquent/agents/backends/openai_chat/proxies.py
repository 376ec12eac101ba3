"""The proxy of the environment: HTTP_PROXY, HTTPS_PROXY and NO_PROXY.

Only the connection to the operator's own model endpoint uses it. Wherever an address is checked
when it is connected to, a proxy would connect in its place and undo the check.
"""

import ipaddress
import os
from urllib.parse import urlsplit

from yarl import URL


def proxy_for(url: str) -> URL | None:
    """Return the proxy that the environment names for an address; None for a direct connection.

    Lower-case names win, as in curl. A proxy without a scheme is reached by HTTP.
    """
    scheme = url.partition(":")[0].lower()
    proxy = _variable(f"{scheme}_proxy") if scheme in {"http", "https"} else ""
    if not proxy or _is_exempt(url, _variable("no_proxy")):
        return None
    return URL(proxy if "://" in proxy else f"http://{proxy}")


def _variable(name: str) -> str:
    return (os.environ.get(name) or os.environ.get(name.upper()) or "").strip()


def _is_exempt(url: str, exempt: str) -> bool:
    """Return whether NO_PROXY has the host: a name with its subdomains, an address, or a network.

    An entry may end with a port; `*` exempts everything.
    """
    if not exempt:
        return False
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".").lower()
    port = parts.port or (443 if parts.scheme.lower() == "https" else 80)
    return any(_matches(entry.lower(), host, port) for entry in exempt.replace(",", " ").split())


def _matches(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass  # one of them is a name, or the entry has a port
    name, colon, wanted = entry.rpartition(":")
    if colon and wanted.isdecimal() and (":" not in name or name.startswith("[")):
        if int(wanted) != port:
            return False
        entry = name.strip("[]")
    name = entry.removeprefix("*").removeprefix(".").rstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))
