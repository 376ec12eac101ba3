"""Count and group conversations for the staff's start page, so that each number has its rows."""
