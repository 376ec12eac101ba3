"""One way to write a time on all pages: `22 Nov 2026, 23:31`."""

DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"
