"""The parser of filter expressions: by ``grammar.lark`` from a text to its parts."""

from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Transformer
from lark.exceptions import UnexpectedInput, VisitError

from personalize_rules.filters.rules import check_part, field_from_text
from personalize_rules.filters.syntax import EXCLUDE, INCLUDE, SUBJECTS, Condition, Field, Part, Placeholder, Value
from personalize_rules.filters.unexpected import unexpected
from personalize_rules.filters.values import number_from_text


def parsed(text: str) -> tuple[Part, ...]:
    """Return the parts of an expression. Raises InvalidFilter with the position and the reason in one line."""
    try:
        parts: tuple[Part, ...] = _parser().parse(text)  # type: ignore[assignment]
    except UnexpectedInput as error:
        raise unexpected(text, error) from None
    except VisitError as error:
        raise error.orig_exc from None
    return parts


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", transformer=_Builder(), maybe_placeholders=True)


class _Builder(Transformer[Any, tuple[Part, ...]]):
    """Builds the parts while the text is parsed, bottom-up."""

    def start(self, parts: list[Part]) -> tuple[Part, ...]:
        return tuple(parts)

    def expression(self, children: list[Any]) -> Part:
        action, kind, alternatives, when = children
        subject = next(each for each in SUBJECTS if each.word.lower() == kind.lower())
        part = Part(INCLUDE if action.upper() == INCLUDE else EXCLUDE, alternatives, when or (), subject)
        check_part(part)
        return part

    def alternatives(self, children: list[Any]) -> tuple[Any, ...]:
        return tuple(children)

    def conjunction(self, children: list[Condition]) -> tuple[Condition, ...]:
        return tuple(children)

    def condition(self, children: list[Any]) -> Condition:
        field, operator, operand = children
        return Condition(field, " ".join(operator.upper().split()), operand)

    def values(self, children: list[Value | Placeholder]) -> tuple[Value, ...] | Placeholder:
        return children[0] if isinstance(children[0], Placeholder) else tuple(children)  # type: ignore[arg-type]

    def value(self, children: list[Value | Placeholder | Field]) -> tuple[Value, ...] | Placeholder | Field:
        (child,) = children
        return child if isinstance(child, Placeholder | Field) else (child,)

    def field_value(self, children: list[Field]) -> Field:
        return children[0]

    def FIELD(self, token: str) -> Field:
        return field_from_text(token)

    def STRING(self, token: str) -> str:
        return str(token)[1:-1]

    def NUMBER(self, token: str) -> int | float:
        return number_from_text(token)

    def PLACEHOLDER(self, token: str) -> Placeholder:
        return Placeholder(str(token)[1:])
