"""The sockets of staff: the inbox, and a conversation that is followed."""
