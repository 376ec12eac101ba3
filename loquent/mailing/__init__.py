"""Outgoing mail: a row per mail, sent and retried by a background job."""
