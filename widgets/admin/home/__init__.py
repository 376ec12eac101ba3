"""The start page: what needs staff, what visitors asked, and how it went."""
