"""Check the contrast of text colours by WCAG 2. Pure."""

ENOUGH = 4.5


def contrast_ratio(one: str, other: str) -> float:
    """Return the contrast of two colours `#rrggbb`, from 1 (the same) to 21 (black on white)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def contrast_warning(primary: str, text: str) -> str:
    """Return a warning if the text is hard to read in these colours, else an empty text."""
    ratio = contrast_ratio(primary, text)
    if ratio >= ENOUGH:
        return ""
    # Rounded down, because 4.49 fails and must not be displayed as 4.5.
    shown = int(ratio * 10) / 10
    return (
        f"Text in {text} on {primary} has a contrast of {shown}:1, which many people can't read. "
        f"Make one of the colours darker or lighter, until the contrast is at least {ENOUGH}:1."
    )


def _luminance(color: str) -> float:
    red, green, blue = (_linear(int(color[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
