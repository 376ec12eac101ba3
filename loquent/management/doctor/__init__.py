"""What `manage.py doctor` looks at; docs/operations.md lists the findings."""
