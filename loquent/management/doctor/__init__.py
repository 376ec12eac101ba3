"""The checks of `manage.py doctor`; docs/operations.md lists the findings."""
