"""The only way to addresses that were entered by staff, by visitors, or by another server."""
