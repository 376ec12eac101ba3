"""Hide credentials on Django's error pages for developers (DEBUG=1)."""

import re
from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter

# The parts of `scheme://user:password@host` before and after the password.
_PASSWORD = re.compile(r"(?P<before>[a-z][a-z0-9+.-]*://[^\s/@:]*:)[^\s/@]+(?=@)", re.IGNORECASE)


class CredentialFilter(SafeExceptionReporterFilter):
    """Hides credentials in URLs as well, in settings and in the variables of each frame.

    Django hides settings by name, which misses DATABASE_URL, REDIS_URL and EMAIL_URL. While DEBUG
    is on, it hides no variables, and the arguments of a failed connection contain the password.
    """

    hidden_settings = re.compile(
        f"{SafeExceptionReporterFilter.hidden_settings.pattern}|DSN|CREDENTIAL|_URL$"
        "|^CHANNEL_LAYERS$|^conninfo$",
        re.IGNORECASE,
    )

    def cleanse_setting(self, key: Any, value: Any) -> Any:
        """Replace values with a sensitive name, and passwords in URLs, at any depth."""
        cleansed = super().cleanse_setting(key, value)
        # isinstance would accept a lazy string, which the pattern can't process.
        if issubclass(type(cleansed), str):
            return _PASSWORD.sub(rf"\g<before>{self.cleansed_substitute}", cleansed)
        return cleansed

    def get_traceback_frame_variables(
        self, request: HttpRequest, tb_frame: FrameType
    ) -> ItemsView[str, Any]:
        """Cleanse the variables of a frame by the same rules as settings."""
        variables: Any = super().get_traceback_frame_variables(request, tb_frame)
        return {name: self._cleanse_variable(name, value) for name, value in variables}.items()

    def _cleanse_variable(self, name: str, value: Any) -> Any:
        try:
            return self.cleanse_setting(name, value)
        except Exception:  # noqa: BLE001 - lazy or cyclic; the page must still be shown
            return f"<{type(value).__name__}>"
