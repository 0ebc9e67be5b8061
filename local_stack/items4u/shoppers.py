"""The shoppers of Items4U: synthetic tastes, devices and personal data.

Telephone numbers, e-mail addresses and IP addresses are from the ranges that are reserved for examples.
"""

import random
import uuid
from dataclasses import dataclass

from local_stack.items4u.catalogue import CATEGORIES, STYLES, Item

_FIRST = (
    *("Ada", "Björn", "Chloé", "Dmitri", "Elif", "Fatima", "Grace", "Hugo", "Inés", "Jonas", "Keiko", "Liam", "Mia"),
    *("Noor", "Olga", "Priya", "Quentin", "Rosa", "Søren", "Tomás", "Uma", "Viktor", "Wanda", "Xavier", "Yuki", "Zoë"),
)
_LAST = (
    *(
        "Adeyemi",
        "Berg",
        "Castillo",
        "Dubois",
        "Eriksen",
        "Fischer",
        "García",
        "Haddad",
        "Ivanova",
        "Jansen",
        "Kowalski",
    ),
    *(
        "Lindqvist",
        "Moreau",
        "Nakamura",
        "O'Neill",
        "Papadakis",
        "Quinn",
        "Rossi",
        "Schmidt",
        "Tanaka",
        "Usman",
        "Weiß",
    ),
)
_TOWNS = (
    *(("Portland", "OR", "97205"), ("Austin", "TX", "78701"), ("Madison", "WI", "53703"), ("Tucson", "AZ", "85701")),
    *(("Albany", "NY", "12207"), ("Savannah", "GA", "31401"), ("Boise", "ID", "83702"), ("Cañon City", "CO", "81212")),
)
_AGES = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")
_LEVELS = ("basic", "silver", "gold")
_MATCH = {True: 1.0, False: 0.1}
_PRICE_MATCH = (1.0, 0.45, 0.15)


@dataclass(frozen=True)
class Taste:
    """A shopper's taste: categories with weights that sum to 1, one style, and a price tier (0 to 2)."""

    categories: tuple[tuple[str, float], ...]
    style: str
    tier: int

    def liking(self, item: Item) -> float:
        """Return the affinity of this taste to an item of the current category."""
        return item.pull**0.65 * _MATCH[item.style == self.style] * _PRICE_MATCH[abs(item.tier - self.tier)]


@dataclass(frozen=True)
class Device:
    """A device with the shop on it; ``input`` is the mParticle input that it posts to; ``id`` its ``mp_deviceid``."""

    input: str
    id: str
    model: str


@dataclass(frozen=True)
class Shopper:
    """One shopper. ``activity`` is the chance to visit on a given day, ``till`` that a visit is to the store."""

    number: int
    customer_id: str
    first_name: str
    last_name: str
    town: tuple[str, str, str]
    age_band: str
    member_level: str
    taste: Taste
    devices: tuple[Device, ...]
    activity: float
    till: float
    starts_anonymous: bool
    sells_data: bool

    @property
    def email(self) -> str:
        """Return an e-mail address in a domain for examples."""
        return f"{self.first_name}.{self.last_name}.{self.number}@example.com".lower().replace("'", "")

    @property
    def mobile(self) -> str:
        """Return a telephone number from the range that is reserved for fiction."""
        return f"+1 555 010 {self.number:04}"

    @property
    def ip(self) -> str:
        """Return an address from the documentation range."""
        return f"203.0.113.{self.number % 254 + 1}"


def shoppers(seed: int, count: int) -> tuple[Shopper, ...]:
    """Return the shoppers, the same ones for the same seed; the first ones are the same whatever the count."""
    return tuple(_shopper(number, random.Random(f"shopper {seed} {number}")) for number in range(count))


def _shopper(number: int, rng: random.Random) -> Shopper:
    return Shopper(
        number=number,
        customer_id=f"I4U-{100000 + number * 7}",
        first_name=rng.choice(_FIRST),
        last_name=rng.choice(_LAST),
        town=rng.choice(_TOWNS),
        age_band=rng.choice(_AGES),
        member_level=rng.choices(_LEVELS, (6, 3, 1))[0],
        taste=_taste(rng),
        devices=_devices(rng),
        activity=rng.betavariate(2, 2.5),
        till=rng.choice((0.0, 0.0, 0.1, 0.3)),
        starts_anonymous=rng.random() < 0.4,
        sells_data=rng.random() > 0.03,
    )


def _taste(rng: random.Random) -> Taste:
    liked = rng.sample(CATEGORIES, rng.choice((2, 2, 3)))
    weights = (0.6, 0.4) if len(liked) == 2 else (0.5, 0.3, 0.2)
    return Taste(tuple(zip(liked, weights, strict=True)), rng.choice(STYLES), rng.choices((0, 1, 2), (3, 5, 2))[0])


def _devices(rng: random.Random) -> tuple[Device, ...]:
    kinds = (("web", "Chrome"), ("ios", "iPhone15,2"), ("android", "Pixel 8"))
    return tuple(
        Device(name, made_up_uuid(rng), model) for name, model in rng.sample(kinds, rng.choices((1, 2), (7, 3))[0])
    )


def made_up_uuid(rng: random.Random) -> str:
    """Return a version 4 UUID drawn from a random source of ours."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))
