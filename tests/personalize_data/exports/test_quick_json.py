"""What orjson reads is what ``json`` reads, or it is left to ``json``."""

import json
from collections.abc import Callable

import pytest
from broker.documents import documents
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.exports import traps
from personalize_data.exports import quick_json
from tests.draws import draws

NUMBERS = st.one_of(
    st.integers(),
    st.integers(2**62, 2**65).map(lambda number: number - 2**64),
    st.sampled_from([2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64 - 1, 2**64, 10**19, -(10**19)]),
    st.floats(),
)
NAMES = st.sampled_from(["a", "b", "consent_state", 'a":', "é", "\ud800", "\\", ""]) | st.text(max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(NAMES, inner), max_size=4).map(tuple),
    max_leaves=12,
)


def written(value: object, draw: Callable[[list[str]], str], ascii_only: bool) -> str:
    """Return a value as JSON; a tuple of pairs is an object, in which names may be repeated."""
    blank = draw(["", "", " ", "\t", "\r"])
    if isinstance(value, list):
        return f"[{','.join(written(member, draw, ascii_only) for member in value)}]"
    if isinstance(value, tuple):
        members = (f"{json.dumps(name)}{blank}:{written(member, draw, ascii_only)}" for name, member in value)
        return "{" + f"{blank},".join(members) + "}"
    text = json.dumps(value, ensure_ascii=ascii_only)
    return text.replace(":", "\\u003a") if blank == "\t" and isinstance(value, str) else text


@settings(max_examples=draws(5_000, 500), deadline=None)
@given(st.lists(st.tuples(NAMES, VALUES), max_size=5).map(tuple), st.booleans(), st.randoms(use_true_random=False))
def test_an_object_is_read_as_json_reads_it_or_not_at_all(members: object, ascii_only: bool, random: object) -> None:
    data = written(members, random.choice, ascii_only).encode("utf-8", "surrogatepass")  # type: ignore[attr-defined]
    read = quick_json.document(data)

    assert read is None or repr([read]) == repr(documents([data]))


@pytest.mark.parametrize("line", traps(), ids=lambda line: repr(line[:20]))
def test_what_programs_stumble_over_is_read_as_json_reads_it(line: bytes) -> None:
    assert repr(documents([line], quick_json.document)) == repr(documents([line]))


HIDDEN = [
    '{"a":1,"a":"\\u0022:"}',
    '{"a":1,"a":"\\"\\u003a"}',
    '{"a":1,"a":"\\"\\u003A"}',
]  # as many colons as are written


@pytest.mark.parametrize(
    "text",
    [
        '{"a":18446744073709551616}',
        '{"a":-9223372036854775809}',
        '{"a":1,"a":2}',
        '{"a" :1,"a":2}',
        '{"a":NaN}',
        *HIDDEN,
    ],
)
def test_what_orjson_would_change_is_left_to_json(text: str) -> None:
    assert quick_json.document(text.encode()) is None


@pytest.mark.parametrize(
    "text", ['{"mpid":-9223372036854775808}', '{"a": 1.50, "b": [1844674407370955161]}', '{"é":""}']
)
def test_what_a_shop_sends_is_not_left_to_json(text: str) -> None:
    assert quick_json.document(text.encode()) == json.loads(text)
