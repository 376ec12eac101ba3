"""Decide which addresses accept a request body of more than 64 KiB.

Views are marked by a decorator; the edge checks for it before it reads a large body.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.urls import Resolver404, resolve

Scope = dict[str, Any]
V = TypeVar("V", bound=Callable[..., Any])
MARK, FILE_MARK = "accepts_large_bodies", "accepts_files"
# Around a file that may be as large as a large body: the other fields of its form.
FORM_BYTES = 64 * 1024
METHODS = frozenset({"POST", "PUT", "PATCH"})


def accepts_large_bodies(view: V) -> V:
    """Let a view, or a class of views, receive bodies of up to DATA_UPLOAD_MAX_MEMORY_SIZE."""
    setattr(view, MARK, True)
    return view


def accepts_files(view: V) -> V:
    """Let a view, or an action of a viewset, receive a form with a file of that size."""
    setattr(view, FILE_MARK, True)
    return view


def is_marked(view: Callable[..., Any], method: str) -> bool:
    """Return whether the view accepts large bodies by this method."""
    return most_bytes(view, method) > 0


def most_bytes(view: Callable[..., Any], method: str) -> int:
    """Return how large a body the view accepts by this method; 0: not a large one."""
    most: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    viewset = getattr(view, "cls", None)
    action = getattr(viewset, getattr(view, "actions", {}).get(method.lower(), ""), None)
    if getattr(view, FILE_MARK, False) or getattr(action, FILE_MARK, False):
        return most + FORM_BYTES
    return most if getattr(view, MARK, False) or getattr(viewset, MARK, False) else 0


def largest_body(scope: Scope) -> int:
    """Return how large a body the address accepts by this method; 0: not a large one.

    An address without its trailing slash counts as the one that it redirects to.
    """
    if scope["method"] not in METHODS:
        return 0
    path: str = scope["path"]
    found = 0
    for candidate in {path, path if path.endswith("/") else f"{path}/"}:
        try:
            view = resolve(candidate).func
        except Resolver404:
            continue
        found = max(found, most_bytes(view, scope["method"]))
    return found


def has_credentials(scope: Scope) -> bool:
    """Return whether there is a session cookie or a bearer key; only the view can verify it."""
    cookie = f"{settings.SESSION_COOKIE_NAME}=".encode()
    for name, value in scope["headers"]:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return True
        if name == b"cookie" and any(part.strip().startswith(cookie) for part in value.split(b";")):
            return True
    return False
