"""Set up a chat: where it is installed, how to install it, and what is left to do."""
