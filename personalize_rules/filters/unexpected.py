"""The refusal of a text that does not parse: one line with the position, the expected and the actual text."""

from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from personalize_rules.filters.errors import InvalidFilter

SHOWN = 20  # characters of the actual text
WORDS = {
    "ACTION": "INCLUDE or EXCLUDE",
    "KIND": "ItemID, ActionID or UserID",
    "MEMBERSHIP": "IN or NOT IN",
    "COMPARISON": "one of = != < <= > >=",
    "FIELD": "a field such as Items.GENRE",
    "STRING": "a string in double quotes",
    "NUMBER": "a number",
    "PLACEHOLDER": "a parameter such as $GENRE",
    "_WHERE": "WHERE",
    "_IF": "IF",
    "_AND": "AND",
    "_OR": "OR",
    "VBAR": "|",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": "a comma",
    "$END": "the end",
}


def unexpected(text: str, error: UnexpectedInput) -> InvalidFilter:
    """Return the refusal of ``text`` for a parser's error; positions count from 1."""
    at = len(text) if _is_end(error) else (error.pos_in_stream or 0)
    expected = sorted({WORDS.get(name, name) for name in _expected(error)})
    rest = text[at:]
    return InvalidFilter(
        f"{_place(text, at)}: expected {_listed(expected)}, found {_found(rest)}{_hint(rest, expected)}"
    )


def _is_end(error: UnexpectedInput) -> bool:
    return isinstance(error, UnexpectedToken) and error.token.type == "$END"


def _expected(error: UnexpectedInput) -> set[str]:
    if isinstance(error, UnexpectedToken):
        return set(error.accepts or error.expected)
    return set(error.allowed or ()) if isinstance(error, UnexpectedCharacters) else set()


def _place(text: str, at: int) -> str:
    line = text.count("\n", 0, at) + 1
    column = at - text.rfind("\n", 0, at)
    return f"column {column}" if line == 1 else f"line {line}, column {column}"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _found(rest: str) -> str:
    if not rest.strip():
        return "the end"
    first = rest.split(maxsplit=1)[0]
    return ascii(first[:SHOWN])


def _hint(rest: str, expected: list[str]) -> str:
    if rest.startswith("'"):
        return " (strings stand in double quotes)"
    if rest.startswith("(") and WORDS["FIELD"] in expected and WORDS["NUMBER"] not in expected:
        return " (conditions cannot be grouped)"
    return ""
