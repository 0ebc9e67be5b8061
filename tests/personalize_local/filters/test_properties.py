"""Expressions made by chance, against an evaluation that looks at one item at a time, and texts made by chance."""

from collections.abc import Callable
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from personalize_local.errors import InvalidInput
from personalize_local.filters.language import parse
from tests.draws import draws
from tests.personalize_local.filters.catalogue import Shelf, did

GENRES, TYPES, IDS = ["a", "b", "c", "A"], ["view", "buy", "wish"], [f"i{number}" for number in range(8)]
NUMBERS = st.integers(-2, 5) | st.sampled_from([0.5, 1.0])
PROPERTIES = st.fixed_dictionaries(
    {"G": st.none() | st.lists(st.sampled_from(GENRES), min_size=1, max_size=3).map("|".join), "N": st.none() | NUMBERS}
)
CATALOGUES = st.dictionaries(st.sampled_from(IDS), PROPERTIES)
HISTORIES = st.lists(st.tuples(st.sampled_from([*TYPES, "VIEW"]), st.sampled_from(IDS)), max_size=12)


def lists_of(words: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(words), min_size=1, max_size=3)


IN = st.sampled_from(["IN", "NOT IN"])
ORDER = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
ABOUT_G = st.tuples(st.just("G"), IN, lists_of(GENRES))
ABOUT_N = st.tuples(st.just("N"), ORDER, NUMBERS)
ABOUT_TYPE = st.tuples(st.just("EVENT_TYPE"), IN, lists_of([*TYPES, "View", "*"]))


def parts_about(dataset: str, conditions: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(st.lists(conditions, min_size=1, max_size=3), min_size=1, max_size=3)
    when = st.lists(ABOUT_G | ABOUT_N, max_size=2)
    return st.tuples(st.sampled_from(["INCLUDE", "EXCLUDE"]), st.just(dataset), several, when)


FILTERS = st.lists(
    parts_about("Items", ABOUT_G | ABOUT_N) | parts_about("Interactions", ABOUT_TYPE), min_size=1, max_size=4
)


def written(part: Any) -> str:
    action, dataset, alternatives, when = part
    conditions = " OR ".join(" AND ".join(spelled(dataset, one) for one in conjunction) for conjunction in alternatives)
    only_if = " AND ".join(spelled("CurrentUser", one) for one in when)
    return f"{action} ItemID WHERE {conditions}" + (f" IF {only_if}" if when else "")


def spelled(dataset: str, condition: Any) -> str:
    column, operator, value = condition
    values = "(" + ",".join(f'"{one}"' for one in value) + ")" if isinstance(value, list) else value
    return f"{dataset}.{column} {operator} {values}"


def is_met(condition: Any, properties: Any) -> bool:
    column, operator, value = condition
    own = properties[column]
    if own is None:
        return False
    if operator in ("IN", "NOT IN"):
        return (operator == "IN") == any(one in value for one in own.split("|"))
    symbol = "==" if operator == "=" else operator
    return bool(eval(f"own {symbol} value", {"own": own, "value": value}))  # noqa: S307 — of the six symbols above


def did_it(condition: Any, item: str, history: list[tuple[str, str]]) -> bool:
    _, operator, listed = condition
    types = [one.lower() for one in listed]
    return any(
        what == item and (operator == "IN") == ("*" in types or event_type.lower() in types)
        for event_type, what in history
    )


def applies_to(part: Any, item: str, catalogue: Any, history: list[tuple[str, str]]) -> bool:
    _, dataset, alternatives, _ = part
    if dataset == "Interactions":
        return any(all(did_it(one, item, history) for one in conjunction) for conjunction in alternatives)
    if item not in catalogue:
        return False
    return any(all(is_met(one, catalogue[item]) for one in conjunction) for conjunction in alternatives)


@settings(max_examples=draws(all_of_them=1000, part=100), deadline=None)
@given(FILTERS, CATALOGUES, HISTORIES, PROPERTIES)
def test_a_filter_lets_through_what_its_parts_say_item_by_item(
    parts: Any, catalogue: Any, history: list[tuple[str, str]], user: Any
) -> None:
    text = " | ".join(map(written, parts))
    chosen = parse(text).bind({}).select(Shelf(catalogue), did(*history), user)
    in_force = [part for part in parts if all(is_met(one, user) for one in part[3])]
    included = [part for part in in_force if part[0] == "INCLUDE"]
    excluded = [part for part in in_force if part[0] == "EXCLUDE"]
    for item in IDS:
        is_in = not included or any(applies_to(part, item, catalogue, history) for part in included)
        is_out = any(applies_to(part, item, catalogue, history) for part in excluded)
        assert chosen.allows(item) == (is_in and not is_out), (text, item)


WORDS = [
    "INCLUDE",
    "exclude",
    "ItemID",
    "UserID",
    "ActionID",
    "WHERE",
    "IF",
    "AND",
    "OR",
    "IN",
    "NOT",
    "Items.A",
    "CurrentUser.B",
]
WORDS += [
    "Interactions.EVENT_TYPE",
    "Action_Interactions.EVENT_TYPE",
    "Actions.A",
    "Users.A",
    "CurrentItem.A",
    "(",
    ")",
    ",",
    "|",
    "=",
    "<=",
    '"a"',
    '"',
    "'",
    "$P",
    "$",
    "3",
    "-",
]


def refusal_of(call: Callable[[], object]) -> str:
    """Return the message of the InvalidInput that a call raises, or nothing; let every other error through."""
    try:
        call()
    except InvalidInput as refusal:
        return str(refusal)
    return ""


@settings(max_examples=draws(all_of_them=1000, part=100), deadline=None)
@given(st.text(max_size=60) | st.lists(st.sampled_from([*WORDS, "\n"]), max_size=20).map(" ".join))
@example("INCLUDE ItemID WHERE " + "(" * 2400)
@example("INCLUDE ItemID WHERE Items.A = " + "9" * 2400)
@example('INCLUDE ItemID WHERE Items.A IN ("a"' + ',"a"' * 600 + ")")
@example("INCLUDE ItemID WHERE Items.A=1" + " OR Items.A=1" * 190)
@example("|".join(["EXCLUDE ItemID WHERE Items.A=1"] * 80))
@example("INCLUDE ItemID WHERE " + "A" * 100 + "." + "B" * 100 + "=1")
@example("INCLUDE ItemID WHERE " + "A" * 1200 + "." + "B" * 1200 + "=1")
@example("(" * 1_000_000)
@example("INCLUDE ItemID WHERE Items.A = \ud800")
def test_any_text_is_an_expression_or_refused_in_one_short_line(text: str) -> None:
    refusal = refusal_of(lambda: parse(text))
    assert refusal.isprintable()
    assert refusal.isascii()
    assert len(refusal) < 400


@given(st.dictionaries(st.sampled_from(["P", "Q", "p"]), st.text(max_size=30) | st.text('"a,1 .-', max_size=12)))
def test_any_filter_values_bind_or_are_refused(values: dict[str, str]) -> None:
    expression = parse("EXCLUDE ItemID WHERE Items.A IN ($P) AND Items.N < $Q")
    assert refusal_of(lambda: expression.bind(values).select(Shelf({"i": {"A": "a", "N": 1}}), [], None)).isprintable()
