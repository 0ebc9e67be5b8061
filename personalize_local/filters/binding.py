"""Replaces the parameters of an expression by a request's ``filterValues``."""

from collections.abc import Mapping
from dataclasses import replace

from personalize_local.errors import InvalidInput
from personalize_rules.filters.rules import value_problem
from personalize_rules.filters.syntax import INCLUDE, Condition, Part, Placeholder, Value
from personalize_rules.filters.values import LONGEST, NUMBER, STRING, STRINGS, number_from_text


def bound_parts(parts: tuple[Part, ...], filter_values: Mapping[str, str]) -> tuple[Part, ...]:
    """Return the parts that apply, their parameters replaced by values.

    An INCLUDE needs all of its parameters; an EXCLUDE that lacks one is left out as a whole (GetRecommendations,
    ``filterValues``). Raises InvalidInput.
    """
    parameters = {name: values_from_text(name, text) for name, text in filter_values.items()}
    for part in parts:
        missing = sorted(part.placeholders - parameters.keys())
        if missing and part.action == INCLUDE:
            raise InvalidInput(f"filterValues: INCLUDE needs values for {', '.join(missing)}")
    return tuple(_bound(part, parameters) for part in parts if part.placeholders <= parameters.keys())


def values_from_text(name: str, text: str) -> tuple[Value, ...]:
    """Return the values in one of the ``filterValues``: ``"a","b"`` or a number. Raises InvalidInput."""
    if len(text) > LONGEST:
        raise InvalidInput(f"filterValues: the value of {name} must have at most {LONGEST} characters")
    number = NUMBER.fullmatch(text)
    if number:
        return (number_from_text(number[1]),)
    if STRINGS.fullmatch(text):
        return tuple(STRING.findall(text))
    raise InvalidInput(
        f"filterValues: the value of {name} must be one number or strings, each in double quotes, with commas between"
    )


def _bound(part: Part, parameters: Mapping[str, tuple[Value, ...]]) -> Part:
    def filled(condition: Condition) -> Condition:
        return _filled(condition, parameters)

    alternatives = tuple(tuple(map(filled, conjunction)) for conjunction in part.alternatives)
    return replace(part, alternatives=alternatives, when=tuple(map(filled, part.when)))


def _filled(condition: Condition, parameters: Mapping[str, tuple[Value, ...]]) -> Condition:
    if not isinstance(condition.operand, Placeholder):
        return condition
    name = condition.operand.name
    filled = replace(condition, operand=parameters[name])
    problem = value_problem(filled)
    if problem:
        raise InvalidInput(f"filterValues: the value of {name} does not fit {condition.field}: {problem}")
    return filled
