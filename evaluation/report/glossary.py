"""The words of a report, for who meets them for the first time."""

from collections.abc import Iterator, Mapping

from evaluation.scoring.board import Board

WORDS = {
    "@10": "of the first 10 places of each list; likewise with other numbers",
    "HR, hit rate": "share of users with at least one hit",
    "P, precision": "share of the places that are hits",
    "R, recall": "share of what the user then took that the list held",
    "MRR": "1 / the place of the first hit (1st: 1, 2nd: 0.5, none: 0), on average",
    "MAP": "precision at each hit, averaged over all that the user then took: rewards all hits that stand early",
    "NDCG": "hits count the less, the later they stand; 1 is a list that begins with all that the user then took",
    "95 %": "how far a number may be off, by the chance of which users were asked",
    "win/lose": "share of users for whom the list is better, or worse, than that which it is compared with",
    "only counts": "no model: chance, what is taken most, or what the user had before",
    "catalogue covered": "share of all items that stand in the first places of at least one list",
    "novelty, bits": "how rarely the shown items are taken, on average: one bit more is half as often",
    "top-20 items": "share of the first places that the 20 most popular items take",
    "full lists": "users who get as many items as were asked for",
}


def entries(boards: Mapping[str, Board]) -> Iterator[tuple[str, str]]:
    """Yield each recommender that takes part, and each word, with what it means."""
    yield from {row.entry.name: row.entry.what for board in boards.values() for row in board.rows}.items()
    yield from WORDS.items()
