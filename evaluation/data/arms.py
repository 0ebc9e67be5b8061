"""Who saw which list: the arm of each user, and whether a table shows that lists were at work."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from evaluation.data import header
from evaluation.data.log import Mask
from personalize_data.errors import BadFile, InvalidRequest

LIST_COLUMNS = ("RECOMMENDATION_ID", "PRODUCT_RECS_ID")
"""Columns whose values name the list that an interaction came from: Personalize's own, and mParticle's attribute."""


@dataclass(frozen=True)
class Arm:
    """The users of one arm of an experiment. ``arms_of``: ids → each user's arm, for those who were in one alone.

    ``notes``: what is to be known of this arm.
    """

    name: str
    arms_of: Callable[[Sequence[str]], Mapping[str, str]]
    notes: Sequence[str] = ()

    def members(self, user_ids: Sequence[str]) -> Mask:
        """Return who is in the arm. Raises InvalidRequest if nobody is."""
        arms = self.arms_of(user_ids)
        members = np.array([arms.get(user) == self.name for user in user_ids], dtype=bool)
        if not members.any():
            known = ", ".join(sorted(set(arms.values()))[:10]) or "none"
            raise InvalidRequest(f"--arm {self.name}: nobody is in it (there are: {known})")
        return members


def by_column(path: Path, column: str) -> Mapping[str, str]:
    """Return each user's arm by a column of the interactions, for users with one and the same in all their rows.

    Rows without a value do not count. Raises BadFile.
    """
    header.names(path, ["USER_ID", column])
    try:
        rows = pl.scan_csv(path, infer_schema=False).select("USER_ID", pl.col(column).str.strip_chars().alias("arm"))
        known = rows.filter(pl.col("arm").is_not_null() & (pl.col("arm") != "") & pl.col("USER_ID").is_not_null())
        arms = known.group_by("USER_ID").agg(pl.col("arm").n_unique().alias("arms"), pl.col("arm").first())
        alone = arms.filter(pl.col("arms") == 1).collect(engine="streaming")
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BadFile(path, f"its column {column} can't be read: {error}") from None
    return dict(zip(alone["USER_ID"].to_list(), alone["arm"].to_list(), strict=True))


def interactions_from_lists(path: Path) -> tuple[int, str]:
    """Return how many rows name the list that they came from, and by which column; 0 and no name without one."""
    names = header.names(path, ["USER_ID"])
    column = next((name for name in names if name.upper() in LIST_COLUMNS), "")
    if not column:
        return 0, ""
    named = pl.col(column).is_not_null() & (pl.col(column).str.strip_chars() != "")
    rows = pl.scan_csv(path, infer_schema=False).select(named.sum()).collect(engine="streaming")
    return int(rows.item()), column
