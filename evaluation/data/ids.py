"""What an id may be, so that an import takes it as it stands.

Up to 256 characters: Amazon Personalize API reference, PutEvents. ``./broker backfill`` strips blanks, so with them one
id would be two here and one there; an import refuses a NUL.
"""

LONGEST = 256
SHOWN = 40


def wrong(name: str, text: str) -> str | None:
    """Return what is wrong with the text of a column, or None."""
    if not text.strip():
        return f"{name} is blank" if text else f"no {name}"
    if text != text.strip():
        return f"{name} {shown(text)} has blanks around it: an import takes it without them, so it would be another id"
    if len(text) > LONGEST:
        return f"{name} has {len(text):,} characters; Personalize takes up to {LONGEST}"
    return f"{name} {shown(text)} holds a NUL character" if "\0" in text else None


def shown(text: str) -> str:
    """Return a text as one short line shows it."""
    return repr(text) if len(text) <= SHOWN else f"{text[:SHOWN]!r}…"
