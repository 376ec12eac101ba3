"""The settings, and the machine that this runs on."""

import resource
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host

from loquent.checks import check_static_files
from loquent.management.doctor.findings import Finding, Findings, fail, ok, warn

SECRET_CHARS = 40
SECRET_DIFFERENT = 12
FREE_BYTES = 1024**3
# Requests and metrics; in Compose it lies in the memory of a machine that may be small.
FREE_TEMPORARY_BYTES = 100 * 1024**2
FREE_SHARE = 0.05
OPEN_FILES = 4_096


def check_settings() -> Findings:
    """SECRET_KEY, DEBUG, the site's address and host names, static files."""
    yield _secret_key()
    if settings.DEBUG:
        yield fail(
            "debug", ("DEBUG is on: error pages show settings and source code."), "Set DEBUG=0."
        )
    else:
        yield ok("debug", "DEBUG is off.")
    site = urlsplit(settings.SITE_URL)
    if settings.SITE_IS_HTTPS:
        yield ok("site-url", f"SITE_URL is {settings.SITE_URL}.")
    else:
        yield fail(
            "site-url",
            f"SITE_URL={settings.SITE_URL} is not https: pages over https can't open the chat.",
            "Get a certificate (Caddy does so automatically), and set SITE_URL=https://…",
        )
    host = f"[{site.hostname}]" if ":" in str(site.hostname) else str(site.hostname)
    if "*" in settings.ALLOWED_HOSTS:
        yield warn(
            "allowed-hosts",
            "ALLOWED_HOSTS contains *: the server accepts any host name.",
            "List the host names, or leave it unset.",
        )
    elif not validate_host(host, settings.ALLOWED_HOSTS):
        yield fail(
            "allowed-hosts",
            f"ALLOWED_HOSTS lacks {host}, the host of SITE_URL: every request gets a 400.",
            f"Add {host}, or leave ALLOWED_HOSTS unset.",
        )
    else:
        yield ok("allowed-hosts", "The host of SITE_URL is allowed.")
    for problem in check_static_files(None):
        yield fail("static-files", str(problem.msg), str(problem.hint))


def _secret_key() -> Finding:
    key = settings.SECRET_KEY
    weak = len(key) < SECRET_CHARS or len(set(key)) < SECRET_DIFFERENT
    if key.startswith(("insecure-", "django-insecure-")) or weak:
        return fail(
            "secret-key",
            "SECRET_KEY is missing or easy to guess: anyone who knows it can log in as any user.",
            "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'",
        )
    return ok("secret-key", "SECRET_KEY is long enough.")


def check_machine() -> Findings:
    """Room on the disk, and open files of this process; the server's own come from outside."""
    places = {Path(tempfile.gettempdir()): FREE_TEMPORARY_BYTES}
    if settings.DATABASE_IS_SQLITE:
        places[Path(str(settings.DATABASES["default"]["NAME"])).parent] = FREE_BYTES
    for place, needed in sorted(places.items()):
        if not place.is_dir():
            continue
        usage = shutil.disk_usage(place)
        if usage.free < needed or usage.free < usage.total * FREE_SHARE:
            yield fail(
                "disk",
                f"{place} has {usage.free // 1024**2} MiB free of {usage.total // 1024**2}.",
                "Free some space, or add more.",
            )
        else:
            yield ok("disk", f"{place} has {usage.free // 1024**2} MiB free.")
    yield open_files(resource.getrlimit(resource.RLIMIT_NOFILE)[0], "this shell")


def open_files(limit: int, whose: str) -> Finding:
    """Whether so many open files are enough; each socket is one."""
    if limit < OPEN_FILES and limit != resource.RLIM_INFINITY:
        return warn(
            "open-files",
            f"{whose.capitalize()} may open {limit} files, and each visitor's socket needs one.",
            "Set LimitNOFILE=65536 in the systemd unit, ulimits in Compose, or ulimit -n in a "
            "shell.",
        )
    return ok("open-files", f"{whose.capitalize()} may open {limit} files.")


def check_metrics() -> Findings:
    """Who may read /metrics."""
    everybody = [net for net in settings.METRICS_ALLOW if net.prefixlen == 0]
    if everybody:
        yield fail(
            "metrics",
            f"METRICS_ALLOW contains {everybody[0]}: anyone can read /metrics.",
            "List only the machines that read it, such as 10.0.0.0/8.",
        )
    elif 0 < len(settings.METRICS_TOKEN) < 16:
        yield warn("metrics", "METRICS_TOKEN is short.", "Use 32 random characters.")
    else:
        is_on = bool(settings.METRICS_TOKEN or settings.METRICS_ALLOW)
        yield ok("metrics", "/metrics is protected." if is_on else "/metrics is off.")
