"""Small made-up shops: shoppers who keep to their kind of item, and come back for what they had."""

from pathlib import Path

import numpy as np

DAY = 86_400
START = 1_700_000_000


def rows(users: int = 60, items: int = 40, visits: int = 8, seed: int = 1) -> list[tuple[str, str, int, str]]:
    """Return (user, item, time, type): each user visits every tenth day or so, and looks at two items."""
    random = np.random.default_rng(seed)
    interactions = []
    for user in range(users):
        kind = user % 4
        at = START + int(random.integers(0, 5 * DAY))
        for _ in range(visits):
            at += int(random.integers(5 * DAY, 15 * DAY))
            for _ in range(2):
                own = random.random() < 0.8
                item = kind * items // 4 + int(random.integers(items // 4)) if own else int(random.integers(items))
                interactions.append((f"u{user}", f"i{item}", at, "view" if random.random() < 0.7 else "purchase"))
    return interactions


def write(path: Path, content: list[tuple[str, str, int, str]] | None = None) -> Path:
    """Write interactions as Personalize's CSV."""
    lines = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"]
    lines += [",".join(map(str, row)) for row in (rows() if content is None else content)]
    path.write_text("\n".join(lines) + "\n")
    return path
