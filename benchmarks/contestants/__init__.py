"""How each server is started, and what its visitors say."""
