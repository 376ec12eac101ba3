"""Check the settings and the machine."""

import resource
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.checks import CheckMessage

from loquent import deploy_checks
from loquent.checks import check_static_files
from loquent.management.doctor.findings import Findings, fail, ok, warn

FREE_BYTES = 1024**3
# For requests and metrics; in Compose this is a tmpfs on a machine that may be small.
FREE_TEMPORARY_BYTES = 100 * 1024**2
FREE_SHARE = 0.05
OPEN_FILES = 4_096


@dataclass(frozen=True, slots=True)
class Setting:
    """A system check of the settings; `fine`: the report if it finds nothing."""

    finding: str
    check: Callable[[None], list[CheckMessage]]
    fine: str = ""


SETTINGS = (
    Setting("secret-key", deploy_checks.check_secret_key, "SECRET_KEY is long enough."),
    Setting("debug", deploy_checks.check_debug, "DEBUG is off."),
    Setting("site-url", deploy_checks.check_site_url, "SITE_URL is {SITE_URL}."),
    Setting("push", deploy_checks.check_push_sender, "Push services accept SITE_URL as sender."),
    Setting("allowed-hosts", deploy_checks.check_allowed_hosts, "The host of SITE_URL is allowed."),
    Setting("static-files", check_static_files),
    Setting("metrics", deploy_checks.check_metrics, "/metrics is off or protected."),
)


def check_settings() -> Findings:
    """Run the system checks of the settings."""
    for setting in SETTINGS:
        problems = setting.check(None)
        for problem in problems:
            # Without static files all staff pages fail.
            is_bad = problem.is_serious() or setting.finding == "static-files"
            report = fail if is_bad else warn
            yield report(setting.finding, str(problem.msg), str(problem.hint))
        if setting.fine and not problems:
            yield ok(setting.finding, setting.fine.format(SITE_URL=settings.SITE_URL))


def check_machine() -> Findings:
    """Check the disk space, and how many files this process may open."""
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
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit < OPEN_FILES and limit != resource.RLIM_INFINITY:
        yield warn(
            "open-files",
            f"This shell may open {limit} files, and each visitor's socket needs one.",
            "Set LimitNOFILE=65536 in the systemd unit, ulimits in Compose, or ulimit -n in a "
            "shell.",
        )
    else:
        yield ok("open-files", f"This shell may open {limit} files.")
