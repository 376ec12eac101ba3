"""What webhooks cost the services that write messages."""
