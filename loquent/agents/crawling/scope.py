"""Which addresses belong to a website source, and which of them are the same page. Pure."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from yarl import URL

from loquent.egress.urls import MAX_URL

# Parameters that tell where a visitor came from, and not which page it is.
TRACKING = frozenset(
    {
        "fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "igshid", "mc_cid",
        "mc_eid", "_ga", "_gl", "_hsenc", "_hsmi", "phpsessid", "jsessionid", "sessionid",
    }
)  # fmt: skip
# A session in the path, such as `/a;jsessionid=1F`: a site may add another one to each link.
_SESSION = re.compile(r";(?:jsessionid|phpsessid|sessionid)=[^/;]*", re.IGNORECASE)
# Files that are no text; they are not even asked for.
NO_PAGES = frozenset(
    {
        ".7z", ".avi", ".avif", ".bmp", ".css", ".csv", ".dmg", ".doc", ".docx", ".eot", ".epub",
        ".exe", ".gif", ".gz", ".ico", ".ics", ".iso", ".jpeg", ".jpg", ".js", ".json", ".mov",
        ".mp3", ".mp4", ".mpeg", ".odt", ".ogg", ".pdf", ".png", ".ppt", ".pptx", ".rar", ".rss",
        ".svg", ".tar", ".tif", ".tiff", ".ttf", ".wav", ".webm", ".webp", ".woff", ".woff2",
        ".xls", ".xlsx", ".xml", ".zip",
    }
)  # fmt: skip


def normal(url: str) -> str:
    """Return the address without fragment, tracking and session; empty if it is no web address.

    Parameters are sorted, so that their order makes no second page.
    """
    try:
        found = URL(url).with_fragment(None)
        if found.scheme not in {"http", "https"} or not found.raw_host or found.raw_user:
            return ""
        # Not decoded: some sites tell `?page` and `?page=` apart.
        pairs = [pair for pair in found.raw_query_string.split("&") if pair]
        kept = sorted(pair for pair in pairs if not _is_tracking(pair.partition("=")[0].lower()))
        path = _SESSION.sub("", found.raw_path) or "/"
        text = f"{found.origin()}{path}" + (f"?{'&'.join(kept)}" if kept else "")
    except (ValueError, TypeError, UnicodeError):
        return ""
    return text if len(text) <= MAX_URL else ""


def _is_tracking(name: str) -> bool:
    return name in TRACKING or name.startswith("utm_")


def page_key(url: str) -> str:
    """Return a key that is equal for addresses which differ only in a trailing slash."""
    path, mark, query = url.partition("?")
    return f"{path.rstrip('/')}{mark}{query}"


@dataclass(frozen=True, slots=True)
class Scope:
    """The addresses of one host below one folder, which ends with a slash."""

    origin: str
    folder: str

    @classmethod
    def of(cls, url: str) -> "Scope":
        """Return the scope of a start page: the folder that it is, or is in."""
        found = URL(url)
        path = found.raw_path or "/"
        if not path.endswith("/"):
            # A name with an ending is a file; without one it is the page of a folder.
            is_file = bool(PurePosixPath(path).suffix)
            path = f"{path.rpartition('/')[0]}/" if is_file else f"{path}/"
        return cls(str(found.origin()), path)

    @classmethod
    def after_redirect(cls, asked: str, final: str) -> "Scope":
        """Return the scope of an address that leads to another one.

        A start page that moves within its folder, such as `/` to `/home`, keeps the scope.
        """
        found = cls(cls.of(final).origin, cls.of(asked).folder)
        return found if found.contains(final) else cls.of(final)

    def contains(self, url: str) -> bool:
        """Return whether a normal address belongs to the source."""
        try:
            found = URL(url)
            if str(found.origin()) != self.origin:
                return False
        except ValueError:
            return False
        path = found.raw_path or "/"
        if PurePosixPath(path).suffix.lower() in NO_PAGES:
            return False
        return path.startswith(self.folder) or f"{path}/" == self.folder

    @property
    def root(self) -> str:
        """Return the address of the host."""
        return f"{self.origin}/"
