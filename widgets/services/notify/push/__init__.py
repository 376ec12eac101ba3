"""Web push: members' devices, the server's key pair, and encrypted messages to push services."""
