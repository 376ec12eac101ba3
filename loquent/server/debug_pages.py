"""What Django's error pages for developers may show (DEBUG=1)."""

import re
from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter

# Of `scheme://user:password@host`: what stands before and after the password.
_PASSWORD = re.compile(r"(?P<before>[a-z][a-z0-9+.-]*://[^\s/@:]*:)[^\s/@]+(?=@)", re.IGNORECASE)


class CredentialFilter(SafeExceptionReporterFilter):
    """Hides addresses with credentials as well, in settings and in the variables of each frame.

    Django hides by name, and knows neither DATABASE_URL nor REDIS_URL nor EMAIL_URL. In variables
    it hides nothing while DEBUG is on: the arguments of a failed connection have the password.
    """

    hidden_settings = re.compile(
        f"{SafeExceptionReporterFilter.hidden_settings.pattern}|DSN|CREDENTIAL|_URL$"
        "|^CHANNEL_LAYERS$|^conninfo$",
        re.IGNORECASE,
    )

    def cleanse_setting(self, key: Any, value: Any) -> Any:
        """Replace what has a telling name, and passwords in addresses, wherever they stand."""
        cleansed = super().cleanse_setting(key, value)
        # A lazy string only claims to be one.
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
        except Exception:  # noqa: BLE001 - lazy or cyclic; the page must be shown all the same
            return f"<{type(value).__name__}>"
