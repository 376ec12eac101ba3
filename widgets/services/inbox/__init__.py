"""What the team's inbox shows: tabs, rows, and one conversation with its notes and timeline."""
