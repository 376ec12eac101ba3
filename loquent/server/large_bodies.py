"""Decide which addresses accept a request body of more than 64 KiB.

Views are marked by a decorator; the edge checks for it before it reads a large body.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.urls import Resolver404, resolve

Scope = dict[str, Any]
V = TypeVar("V", bound=Callable[..., Any])
MARK = "accepts_large_bodies"
METHODS = frozenset({"POST", "PUT", "PATCH"})


def accepts_large_bodies(view: V) -> V:
    """Let a view, or a class of views, receive bodies of up to DATA_UPLOAD_MAX_MEMORY_SIZE."""
    setattr(view, MARK, True)
    return view


def is_marked(view: Callable[..., Any]) -> bool:
    """Return whether the view or its class was decorated."""
    return getattr(view, MARK, False) or getattr(getattr(view, "cls", None), MARK, False)


def is_for_large_bodies(scope: Scope) -> bool:
    """Return whether the view at this address accepts a large body by this method.

    An address without its trailing slash counts as the one that it redirects to.
    """
    if scope["method"] not in METHODS:
        return False
    path: str = scope["path"]
    for candidate in {path, path if path.endswith("/") else f"{path}/"}:
        try:
            view = resolve(candidate).func
        except Resolver404:
            continue
        if is_marked(view):
            return True
    return False


def has_credentials(scope: Scope) -> bool:
    """Return whether there is a session cookie or a bearer key; only the view can verify it."""
    cookie = f"{settings.SESSION_COOKIE_NAME}=".encode()
    for name, value in scope["headers"]:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return True
        if name == b"cookie" and any(part.strip().startswith(cookie) for part in value.split(b";")):
            return True
    return False
