"""What is being done, and how far it is. Who shows it, and how, is another's affair."""

from collections.abc import Callable

Advance = Callable[[int], None]
"""Takes how much was done since the last time."""
Begin = Callable[[str, int | None], Advance]
"""Takes what begins, and how much of it there is, or None."""


def unseen(label: str, total: int | None) -> Advance:
    """Show nothing."""
    return lambda more: None
