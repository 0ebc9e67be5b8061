"""Whether a user's data may train: the answers in mParticle's consent state, in opt-out events and in tables.

Consent is opt-in, so only a readable yes is a yes. Names are compared without regard to case and to blanks around them.
Of contradicting answers, the one that keeps the data out counts.
"""

import functools
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Any

from broker.reasons import SkipReason

REPEATED = None  # an object's key for the values of a name that it has more than once: no JSON name is None
_KNOWN_OBJECTS, _LONGEST_KNOWN = 500, 1_000  # a shop's objects have the same names again and again; characters
_YES = frozenset({"true", "yes", "y", "t", "1", "1.0"})
_NO = frozenset({"false", "no", "n", "f", "0", "0.0"})


class Answer(Enum):
    """A user's answer; ``UNKNOWN`` is no answer, and any answer that is not clearly a yes or a no."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


REASONS = {Answer.NO: SkipReason.NO_CONSENT, Answer.UNKNOWN: SkipReason.CONSENT_UNKNOWN}


def answer(value: object) -> Answer:
    """Read an answer: a boolean, the number 1 or 0, or a word for one of these in any case, with blanks around it."""
    if isinstance(value, str):
        word = value.strip().lower()
        return Answer.YES if word in _YES else Answer.NO if word in _NO else Answer.UNKNOWN
    if isinstance(value, bool | int | float):
        return Answer.YES if value == 1 else Answer.NO if value == 0 else Answer.UNKNOWN
    return Answer.UNKNOWN


def named(value: object, name: str) -> list[Any]:
    """Return all values that a JSON object has under a name, null included; none for any other value."""
    if not isinstance(value, dict):
        return []
    if REPEATED not in value and len("".join(value)) <= _LONGEST_KNOWN:  # nearly always, so it should be quick
        return [value[key] for key in _known_matches(tuple(value), name)]
    wanted = _folded(name)
    return [member for key, member in _members(value) if _folded(key) == wanted]


@functools.lru_cache(_KNOWN_OBJECTS)
def _known_matches(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Return which names of an object's members are the same as ``name``."""
    wanted = _folded(name)
    return tuple(other for other in names if _folded(other) == wanted)


def is_readable(states: Iterable[object]) -> bool:
    """Return whether the consent states of a batch, null aside, are all objects."""
    return set(map(type, states)) <= {dict}


def for_purpose(states: Sequence[object], purpose: str) -> Answer:
    """Return the answer to a GDPR purpose: ``consented`` means agreed (mParticle data privacy controls)."""
    laws = [law for state in states for law in named(state, "gdpr") if law is not None]
    answers = [_consented(entry) for law in laws for entry in named(law, purpose)]
    if not (is_readable(states) and is_readable(laws)):
        answers.append(Answer.UNKNOWN)
    return _agreed(answers)


def opts_out_of_sale(states: Sequence[object]) -> bool:
    """Return whether CCPA's ``consented`` says, or may say, *opted out* of sale (mParticle data privacy controls).

    What is missing or null says nothing. What is there and cannot be read may be an opt-out.
    """
    laws = [law for state in states for law in named(state, "ccpa") if law is not None]
    sales = [sale for law in laws for sale in named(law, "data_sale_opt_out") if sale is not None]
    if not (is_readable(states) and is_readable(laws) and is_readable(sales)):
        return True
    return not all(_is_no(named(sale, "consented")) for sale in sales)


def opts_out(event: object) -> bool:
    """Return whether an event of a batch is an opt-out; one that does not clearly say the opposite is."""
    for kind in named(event, "event_type"):
        if isinstance(kind, str) and _folded(kind) == "opt_out":
            return not _is_no([value for data in named(event, "data") for value in named(data, "is_opted_out")])
    return False


def _members(value: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    for key, member in value.items():
        if key is REPEATED:
            yield from member
        else:
            yield key, member


def _folded(name: str) -> str:
    return name.strip().casefold()


def _consented(entry: object) -> Answer:
    """Read a purpose's entry. A bare answer in place of an object denies, but does not agree."""
    if isinstance(entry, dict):
        return _agreed([answer(value) for value in named(entry, "consented")])
    return Answer.NO if answer(entry) is Answer.NO else Answer.UNKNOWN


def _agreed(answers: Sequence[Answer]) -> Answer:
    """Return one answer for several: a no wins, and a yes needs all of them."""
    if Answer.NO in answers:
        return Answer.NO
    return Answer.YES if set(answers) == {Answer.YES} else Answer.UNKNOWN


def _is_no(values: Sequence[object]) -> bool:
    return bool(values) and all(answer(value) is Answer.NO for value in values)
