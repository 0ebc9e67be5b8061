"""The items of Items4U: twelve categories in five styles."""

import random
from dataclasses import dataclass

ITEMS_PER_CELL = 5
"""Items of one style in one category."""

_STYLES = {
    "nordic": (("Fjell", "Birk & Sno"), ("Birch", "Frost", "Fjord", "Linen", "Pine")),
    "retro": (("Parlour 61", "Vinyl Row"), ("Diner", "Teak", "Chrome", "Mustard", "Jukebox")),
    "urban": (("Kiez", "Ninth Street"), ("Concrete", "Graphite", "Metro", "Loft", "Signal")),
    "country": (("Hazel Farm", "Gable"), ("Meadow", "Hearth", "Clover", "Orchard", "Bramble")),
    "bold": (("Confetti", "Ultramarin"), ("Neon", "Coral", "Zebra", "Prisma", "Tango")),
}
_CATEGORIES = {
    "kitchen": (18, ("Kettle", "Skillet", "Chopping Board", "Mixing Bowl", "Apron", "Spice Rack", "Carafe", "Toaster")),
    "coffee-tea": (9, ("Espresso Beans", "Filter Roast", "Breakfast Tea", "Oolong", "Chai", "Cold Brew", "Matcha")),
    "pantry": (6, ("Honey", "Olive Oil", "Granola", "Sea Salt", "Jam", "Mustard Jar", "Crackers", "Dark Chocolate")),
    "bath-care": (8, ("Soap", "Hand Cream", "Shampoo Bar", "Bath Salts", "Body Oil", "Face Towel", "Lip Balm")),
    "garden": (24, ("Planter", "Watering Can", "Trowel", "Lantern", "Bird Feeder", "Trellis", "Garden Stool")),
    "lighting": (55, ("Desk Lamp", "Floor Lamp", "Pendant", "Wall Light", "String Lights", "Night Light", "Shade")),
    "desk": (15, ("Notebook", "Pen Tray", "Desk Pad", "Calendar", "Bookend", "Cable Box", "Letter Tray", "Clock")),
    "bags": (70, ("Backpack", "Tote", "Weekender", "Belt Bag", "Laptop Sleeve", "Wallet", "Messenger Bag")),
    "knitwear": (60, ("Cardigan", "Beanie", "Scarf", "Crew Jumper", "Socks", "Mittens", "Poncho", "Rollneck")),
    "running": (45, ("Shorts", "Windbreaker", "Cap", "Tights", "Vest", "Hydration Belt", "Running Socks")),
    "camping": (40, ("Tarp", "Mug", "Headlamp", "Hammock", "Camp Stove", "Blanket", "Cool Box", "Folding Chair")),
    "toys": (20, ("Puzzle", "Building Blocks", "Kite", "Marble Run", "Card Game", "Plush Fox", "Yo-Yo", "Dominoes")),
}
CONSUMABLE = frozenset({"coffee-tea", "pantry", "bath-care"})
CATEGORIES = tuple(_CATEGORIES)
STYLES = tuple(_STYLES)


@dataclass(frozen=True)
class Item:
    """An item on sale. ``tier`` is its price within its category: 0 cheap, 1 usual, 2 dear.

    ``pull`` is its popularity regardless of taste (Zipf: few items have a high one).
    """

    id: str
    name: str
    category: str
    style: str
    brand: str
    price: float
    tier: int
    pull: float

    @property
    def is_consumable(self) -> bool:
        """Return whether people buy it repeatedly."""
        return self.category in CONSUMABLE


def catalogue(seed: int) -> tuple[Item, ...]:
    """Return all items on sale, the same ones for the same seed: five per category and style, 300 in all."""
    rng = random.Random(f"catalogue {seed}")
    cells = [(category, style) for category in CATEGORIES for style in STYLES for _ in range(ITEMS_PER_CELL)]
    pulls = [(rank + 1) ** -0.8 for rank in range(len(cells))]
    rng.shuffle(pulls)
    names = _names(rng)
    return tuple(
        _item(number, category, style, next(names[category, style]), pull, rng)
        for number, ((category, style), pull) in enumerate(zip(cells, pulls, strict=True))
    )


def _names(rng: random.Random) -> dict[tuple[str, str], "_Names"]:
    return {
        (category, style): _Names(
            [f"{adjective} {noun}" for adjective in adjectives for noun in rng.sample(nouns, len(nouns))], rng
        )
        for category, (_, nouns) in _CATEGORIES.items()
        for style, (_, adjectives) in _STYLES.items()
    }


class _Names:
    """Draws names without repeating one."""

    def __init__(self, names: list[str], rng: random.Random) -> None:
        self._names = rng.sample(names, len(names))

    def __next__(self) -> str:
        return self._names.pop()


def _item(number: int, category: str, style: str, name: str, pull: float, rng: random.Random) -> Item:
    usual, _ = _CATEGORIES[category]
    tier = rng.choice((0, 1, 1, 2))
    price = round(round(usual * (0.6, 1.0, 1.7)[tier] * rng.uniform(0.85, 1.15)) - 0.05, 2)
    brand = rng.choice(_STYLES[style][0])
    return Item(f"{category[:3].upper()}-{1000 + number}", name, category, style, brand, price, tier, pull)
