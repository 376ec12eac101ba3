"""The only module that connects to addresses from staff, visitors, or other servers."""
