"""The faults of one service: which are on, how often each struck, the decision per request. No I/O, no real time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from faults.request import Request
from faults.rules import AFTER, BEFORE, ENTRIES, LATENCY, Rule


@dataclass
class _ActiveFault:
    id: str
    rule: Rule
    at: float
    met: int = 0
    struck: int = 0


@dataclass(frozen=True)
class Decision:
    """The decision for one request: pauses in seconds before and after the service's work, and the fault, if any."""

    fault: Rule | None = None
    pause_before: float = 0.0
    pause_after: float = 0.0


NOTHING = Decision()


class Faults:
    """``clock()`` in seconds, ``chance()`` from 0 to 1. ``name``: the service's, with which the faults' ids begin."""

    def __init__(self, name: str, *, clock: Callable[[], float], chance: Callable[[], float]) -> None:
        self.name = name
        self._clock = clock
        self._chance = chance
        self._added: dict[str, _ActiveFault] = {}
        self._number = 0

    def __bool__(self) -> bool:
        return bool(self._added)

    def add(self, rules: Sequence[Rule]) -> list[str]:
        """Switch faults on; return their ids."""
        return [self._add(rule) for rule in rules]

    def _add(self, rule: Rule) -> str:
        self._number += 1
        id = f"{self.name}-{self._number}"
        self._added[id] = _ActiveFault(id, rule, self._clock())
        return id

    def clear(self, ids: Sequence[str] = ()) -> list[str]:
        """Remove these faults, or all; return the ids of the removed ones."""
        gone = [id for id in self._added if not ids or id in ids]
        for id in gone:
            del self._added[id]
        return gone

    def shown(self) -> list[dict[str, Any]]:
        """Return every fault as JSON, with how many requests it met, how many it struck, and whether it is over."""
        now = self._clock()
        return [
            {
                "id": value.id,
                **value.rule.as_json(),
                "met": value.met,
                "struck": value.struck,
                "over": value.rule.over(now - value.at, value.struck),
            }
            for value in self._added.values()
        ]

    def decide(self, request: Request) -> Decision:
        """Return the decision for a request: latencies add up; of the other faults the first that strikes counts."""
        pauses = {BEFORE: 0.0, AFTER: 0.0}
        fault: Rule | None = None
        for value in self._added.values():
            latency = value.rule.fault == LATENCY
            if (latency or fault is None) and self._strikes(value, request):
                if latency:
                    pauses[value.rule.moment] += value.rule.seconds
                else:
                    fault = value.rule
        return Decision(fault, pauses[BEFORE], pauses[AFTER]) if fault or any(pauses.values()) else NOTHING

    def _strikes(self, fault: _ActiveFault, request: Request) -> bool:
        rule, age = fault.rule, self._clock() - fault.at
        if age < rule.begin or rule.over(age, fault.struck) or not rule.concerns(request):
            return False
        fault.met += 1
        # The chance of entries is drawn for each of them.
        if fault.met % rule.every or (rule.fault != ENTRIES and rule.chance < 1 and self._chance() >= rule.chance):
            return False
        fault.struck += 1
        return True

    def fails(self, rule: Rule) -> bool:
        """Draw for one entry of a batch whether it fails."""
        return rule.chance >= 1 or self._chance() < rule.chance
