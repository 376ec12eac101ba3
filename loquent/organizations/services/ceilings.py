"""Describe the operator's ceilings for all organizations; tenants cannot raise them."""

from django.conf import settings


def daily_tokens(own: int | None) -> int | None:
    """Return the tokens that an organization may use per day; None if unlimited.

    `own`: the organization's own budget. The lower of it and MAX_DAILY_TOKENS applies.
    """
    bounds = [bound for bound in (own, settings.MAX_DAILY_TOKENS or None) if bound is not None]
    return min(bounds, default=None)


def budget_note(own: int | None) -> str:
    """Return a sentence if the organization's budget exceeds the server's; else an empty text."""
    ceiling = settings.MAX_DAILY_TOKENS
    if not ceiling or own is None or own <= ceiling:
        return ""
    return (
        f"Your budget of {own:,} tokens per day is higher than this server allows. Chats stop at "
        f"{ceiling:,}."
    )


def describe_ceilings(own_budget: int | None) -> list[str]:
    """Return a sentence per configured ceiling, for the organization's settings page."""
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
