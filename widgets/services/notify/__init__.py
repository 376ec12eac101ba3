"""Tell people outside of the chat: staff that a visitor waits, visitors that a person answered."""
