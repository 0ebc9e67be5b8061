"""The syntax tree of a filter expression: parts of conditions on fields, with values or placeholders."""

from dataclasses import dataclass
from typing import Literal

INCLUDE: Literal["INCLUDE"] = "INCLUDE"
EXCLUDE: Literal["EXCLUDE"] = "EXCLUDE"
ITEMS, INTERACTIONS, USER, CURRENT_ITEM = "Items", "Interactions", "CurrentUser", "CurrentItem"
ACTIONS, ACTION_INTERACTIONS, USERS = "Actions", "Action_Interactions", "Users"
EVENT_TYPE = "EVENT_TYPE"
ANY_TYPE = "*"  # every event type
MEMBERSHIP = ("IN", "NOT IN")
EQUALITY = ("=", "!=")

Value = str | int | float


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a dataset; ``dataset`` is one of the seven names above."""

    dataset: str
    column: str

    def __str__(self) -> str:
        return f"{self.dataset}.{self.column}"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """``$name``, a value that comes with each request."""

    name: str


Operand = tuple[Value, ...] | Placeholder | Field
"""Values, one for a comparison; a placeholder for them; or a column of the current item."""


@dataclass(frozen=True, slots=True)
class Condition:
    """``Items.GENRE IN ("a", "b")``."""

    field: Field
    operator: str
    operand: Operand

    @property
    def values(self) -> tuple[Value, ...]:
        """The values; empty if the operand is a placeholder."""
        return self.operand if isinstance(self.operand, tuple) else ()


@dataclass(frozen=True, slots=True)
class Subject:
    """What a filter lets through: ``word`` as in expressions, ``noun`` as in messages, and the datasets it looks at.

    ``records`` has the properties, ``interactions`` the event types, and ``key`` is the column of the id in both.
    """

    word: str
    noun: str
    records: str
    interactions: str
    key: str


FOR_ITEMS = Subject("ItemID", "items", ITEMS, INTERACTIONS, "ITEM_ID")
FOR_ACTIONS = Subject("ActionID", "actions", ACTIONS, ACTION_INTERACTIONS, "ACTION_ID")
FOR_USERS = Subject("UserID", "users", USERS, INTERACTIONS, "USER_ID")
SUBJECTS = (FOR_ITEMS, FOR_ACTIONS, FOR_USERS)


@dataclass(frozen=True, slots=True)
class Part:
    """One expression between two ``|``: the items for which an alternative holds, if ``when`` holds for the user.

    ``subject``: actions or users instead of items.
    """

    action: Literal["INCLUDE", "EXCLUDE"]
    alternatives: tuple[tuple[Condition, ...], ...]
    when: tuple[Condition, ...] = ()
    subject: Subject = FOR_ITEMS

    @property
    def dataset(self) -> str:
        """The dataset of all conditions."""
        return self.alternatives[0][0].field.dataset

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All conditions, those of ``when`` last."""
        return tuple(condition for conjunction in self.alternatives for condition in conjunction) + self.when

    @property
    def placeholders(self) -> frozenset[str]:
        """The names of the parameters."""
        operands = (condition.operand for condition in self.conditions)
        return frozenset(operand.name for operand in operands if isinstance(operand, Placeholder))
