"""Of the language that the admin speaks."""
