"""Webhooks: events of an organization, delivered to the programs that its owners name."""
