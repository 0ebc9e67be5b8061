"""The two tables of docs/other_libraries.md: who prints the same numbers, and why others do not."""

from collections.abc import Mapping, Sequence
from typing import Any

from bench.libraries.cases import ours
from bench.libraries.library import Library
from evaluation.constants import METRICS

Cases = Mapping[str, Mapping[str, Any]]
Values = Mapping[str, Any]
SAME_TO = 1e-6
SHORT = {"hit_rate": "HR", "precision": "P", "recall": "R", "mrr": "MRR", "map": "MAP", "ndcg": "NDCG"}
SAME_HEADER = ("library", "what to set or prepare", "same to six digits", "other")
# What is shown of each case, as the library is called first.
SHOWN = (
    ("a user without a list", "no list", "precision"),
    ("list of one item", "short list", "precision"),
    ("hits at 2 and 5 of 4 relevant", "two of four", "map"),
    ("5 hits of 7 relevant", "five of seven", "map"),
    ("hits at 2 and 5 of 4 relevant", "two of four", "ndcg"),
    ("list of one item", "short list", "ndcg"),
    ("one of two items bought twice", "bought twice", "ndcg"),
)
DIFFERENCES_HEADER = (
    "library",
    *(f"{SHORT[metric]}@5, {label}" for label, _, metric in SHOWN),
    "first of 20 equal scores is at",
    "scores that are seconds",
)


def rows(library: Library, answer: Mapping[str, Any], cases: Cases) -> dict[str, str]:
    """Return a library's rows of both tables, by the table's name."""
    return {"same": same(library, answer, cases), "differences": differences(library.name, answer["plain"])}


def same(library: Library, answer: Mapping[str, Any], cases: Cases) -> str:
    """Return a library's row of the first table."""
    theirs, mine = answer["checked"]["shop"], ours(cases["shop"])
    if "error" in theirs:
        raise ValueError(f"{library.name}: {theirs['error']}")
    equal = [SHORT[metric] for metric in METRICS if metric in theirs and abs(theirs[metric] - mine[metric]) < SAME_TO]
    other = [
        f"{SHORT[metric]} {_digits(theirs[metric])} instead of {_digits(mine[metric])}"
        for metric in METRICS
        if metric in theirs and SHORT[metric] not in equal
    ]
    versions = ", ".join(f"{package} {version}" for package, version in answer["versions"].items())
    return row([f"{library.name} ({versions})", library.switches, ", ".join(equal), "; ".join(other)])


def differences(name: str, values: Mapping[str, Values]) -> str:
    """Return a row of the second table: a library's means of each case as it is called first."""
    shown = [_cell(values[case], metric) for _, case, metric in SHOWN]
    return row([name, *shown, _place(values["equal scores"]), _place(values["large scores"])])


def ours_row(cases: Cases) -> str:
    """Return this project's row of the second table."""
    return differences("**`./broker evaluate`**", {name: ours(case) for name, case in cases.items()})


def row(cells: Sequence[str]) -> str:
    """Return a line of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def table(header: Sequence[str], rows: Sequence[str]) -> str:
    """Return a Markdown table."""
    return "\n".join([row(header), "|---" * len(header) + "|", *rows])


def _cell(values: Values, metric: str) -> str:
    if "error" in values:
        return "error"
    return _digits(values[metric]) if metric in values else "none"


def _place(values: Values) -> str:
    """Return where the one relevant item was ranked, the inverse of MRR and of MAP; both where they differ."""
    if "error" in values:
        return "error"
    places = {metric: f"{1 / values[metric]:.0f}" for metric in ("mrr", "map") if metric in values}
    if len(set(places.values())) == 1:
        return places["map"]
    return ", ".join(f"{place} in {SHORT[metric]}" for metric, place in places.items())


def _digits(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")
