"""The values of a filter's parameters as text: ``"a","b"`` or one number (GetRecommendations, ``filterValues``)."""

import re

LONGEST = 1000  # characters in the values of one parameter
NUMBER = re.compile(r"\s*(-?[0-9]+(?:\.[0-9]+)?)\s*")
STRINGS = re.compile(r'\s*"[^"]*"\s*(?:,\s*"[^"]*"\s*)*')
STRING = re.compile(r'"([^"]*)"')


def number_from_text(text: str) -> int | float:
    """Return a number from its text: an int if it has no fraction, since ids and timestamps lose digits in a float."""
    return float(text) if "." in text else int(text)
