"""The pages that lead from an empty account to a chat on a site."""
