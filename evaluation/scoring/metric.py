"""A metric of the first k items of each list."""

import re
from typing import NamedTuple

FORM = r"[a-z_]+@[1-9][0-9]{0,3}"


class Metric(NamedTuple):
    """A metric by its name, over the first ``k`` items of a list; as text ``ndcg@10``."""

    name: str
    k: int

    @classmethod
    def parse(cls, text: str) -> "Metric":
        """Read ``name@k``. Raises ValueError for any other text; the name may be of a metric that does not exist."""
        if not re.fullmatch(FORM, text):
            raise ValueError(f"{text!r} is not a metric such as ndcg@10")
        name, k = text.split("@")
        return cls(name, int(k))

    def __str__(self) -> str:
        return f"{self.name}@{self.k}"
