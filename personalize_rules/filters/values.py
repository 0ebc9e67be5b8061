"""The values of a filter's parameters as text: ``"a","b"`` or one number (GetRecommendations, ``filterValues``)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST = 1000  # characters in the values of one parameter
NUMBER = re.compile(r"\s*(-?[0-9]+(?:\.[0-9]+)?)\s*")
STRINGS = re.compile(r'\s*"[^"]*"\s*(?:,\s*"[^"]*"\s*)*')
STRING = re.compile(r'"([^"]*)"')


def number_from_text(text: str) -> int | float:
    """Return a number from its text: an int if it has no fraction, since ids and timestamps lose digits in a float."""
    return float(text) if "." in text else int(text)


@dataclass(frozen=True)
class Parameter:
    """A parameter: the field it is compared with, whether that is a number, and whether it takes several values."""

    field: str
    is_number: bool
    takes_several: bool

    def text(self, values: Iterable[str]) -> str:
        """Return values that a person wrote as the text of a request. Raises ValueError with the reason.

        Quotes may be left out. Where several values are taken, commas outside of quotes separate them.
        """
        texts = [text for value in values for text in self._separated(value)]
        if len(texts) > 1 and not self.takes_several:
            raise ValueError(f"{self.field} is compared with one value, not {len(texts)}")
        text = ",".join(map(self._written, texts))
        if len(text) > LONGEST:
            raise ValueError(f"has {len(text)} characters, and Personalize takes at most {LONGEST}")
        return text

    def _separated(self, value: str) -> list[str]:
        if value.lstrip().startswith('"'):
            if not STRINGS.fullmatch(value):
                raise ValueError('must be written as "a" or "a","b" if it has double quotes')
            return STRING.findall(value)
        texts = [text.strip() for text in value.split(",")] if self.takes_several else [value]
        if len(texts) > 1 and "" in texts:
            raise ValueError(f"{value!r} has a comma without a value beside it")
        return texts

    def _written(self, text: str) -> str:
        if not self.is_number:
            if '"' in text:
                raise ValueError("has a double quote, which no value of a filter can have")
            return f'"{text}"'
        number = NUMBER.fullmatch(text)
        if number is None:
            raise ValueError(f"{self.field} is a number, and {text!r} is none (as in 3.5)")
        return number[1]
