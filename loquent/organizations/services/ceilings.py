"""The ceilings that whoever runs the server sets for every organization; no tenant raises them."""

from django.conf import settings


def daily_tokens(own: int | None) -> int | None:
    """Return the tokens that an organization may use per day; None if nothing bounds them.

    `own`: the budget that the organization set itself. The lower of it and MAX_DAILY_TOKENS holds.
    """
    bounds = [bound for bound in (own, settings.MAX_DAILY_TOKENS or None) if bound is not None]
    return min(bounds, default=None)


def budget_note(own: int | None) -> str:
    """Return a sentence if the organization's own budget is above the server's; else nothing."""
    ceiling = settings.MAX_DAILY_TOKENS
    if not ceiling or own is None or own <= ceiling:
        return ""
    return (
        f"Your budget of {own:,} tokens per day is higher than this server allows. Chats stop at "
        f"{ceiling:,}."
    )


def describe_ceilings(own_budget: int | None) -> list[str]:
    """Return a sentence for each ceiling that is set, for the organization's settings page."""
    sentences = []
    if settings.MAX_DAILY_TOKENS:
        sentences.append(f"At most {settings.MAX_DAILY_TOKENS:,} tokens per day.")
        sentences.append(budget_note(own_budget))
    if settings.SERVER_MODELS:
        sentences.append(f"Models on the server's key: {', '.join(settings.SERVER_MODELS)}.")
    if most := settings.MAX_WIDGETS:
        sentences.append(f"At most {most:,} widget{'' if most == 1 else 's'}.")
    if most := settings.MAX_SOCKETS:
        chats = f"{most:,} open chat{'' if most == 1 else 's'}"
        sentences.append(f"At most {chats} at the same time on each server process.")
    return [sentence for sentence in sentences if sentence]
