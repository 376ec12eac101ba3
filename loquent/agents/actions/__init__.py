"""What agents may call on an owner's behalf: one row per action, checked arguments, one egress."""
