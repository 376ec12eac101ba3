"""The pages of the team's live inbox."""
