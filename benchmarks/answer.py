"""What every visitor asks, and what the model answers."""

QUESTION = "Do you ship to Norway, and what does it cost?"
TOKENS = (
    "Yes", ", we", " ship", " to", " Norway", " in", " four", " to", " six", " working",
    " days", ", for", " 14", " CHF", "; customs", " and", " taxes", " are", " in", " it.",
)  # fmt: skip
ANSWER = "".join(TOKENS)
ANSWER_BYTES = ANSWER.encode()
GAP_SECONDS = 0.01
# How long the model itself takes; the first token comes at once.
MODEL_SECONDS = GAP_SECONDS * (len(TOKENS) - 1)
