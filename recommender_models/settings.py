"""The settings of a recommender for users: what a training may choose, and what it takes where it does not choose.

The defaults were searched for on a real shop (UCI Online Retail, without returns and fees): for the 1,998 users with
three baskets or more, the last but one was predicted from those before it; their last baskets were left alone. 81
combinations of half-life and decay per step (60 days and .9, 120 and .9, 120 and .95), λ (300, 1,000, 2,000), repeat
(.1, .3, 1) and popularity (.15, .3, .5) gave NDCG@10 of .264 to .285 on any item, and of .103 to .109 on items new to
the user. The best sum had 60 days and .9, 1,000, .3 and .5. λ is a multiple of the mean here, so that it suits shops
of other sizes; with it the defaults gave .279 and .109. That an item's events are summed up matters more: their
strongest alone gave .24 to .27.
"""

from dataclasses import asdict, dataclass

DAY = 86_400.0


@dataclass(frozen=True)
class Settings:
    """How a user's history and recent popularity make up the scores."""

    half_life_days: float = 60.0
    """Until an event counts half of the user's newest."""
    step_decay: float = 0.9
    """An event counts this much of the next newer moment's, however close in time: a session moves on."""
    repeat: float = 0.3
    """Weight of the user's own items, where items similar to them weigh one."""
    popularity: float = 0.5
    """Weight of recent popularity."""
    sequence: float = 0.0
    """Weight of what follows the user's last few steps (``transitions``); at 0 that is not learned."""
    content: float = 1.0
    """How many users an item's attributes count for, where they say something (``content``); at 0 they are not used."""
    regularisation: float = 14.0
    """λ of EASE, as a multiple of the mean of the diagonal of X'X (how many users an item has)."""

    def as_text(self) -> dict[str, str]:
        """Return the settings as the service shows hyperparameters: names and numbers as strings."""
        return {name: f"{value:g}" for name, value in asdict(self).items()}
