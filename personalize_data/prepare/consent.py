"""The rows of a table that may train: those with a yes in the column that holds the answers."""

from collections import Counter
from dataclasses import replace

import polars as pl
from broker.consent import REASONS, Answer, answer

from personalize_data.errors import InvalidRequest
from personalize_data.prepare.source import Source

_ROWS = "\0rows"  # no header can have this name


def agreed(source: Source, column: str | None) -> tuple[Source, Counter[str]]:
    """Return the source without the rows that may not train, and how many those are, by reason.

    Without a column that is all of it. Raises BadFile, and BadQuestion where there is no such column or no yes in it.
    """
    if column is None:
        return source, Counter()
    [column, *others] = source.matching((column,), "--consent")
    if others:
        raise InvalidRequest(f"--consent names one column, not {', '.join((column, *others))}")
    yes, left_out = [], Counter[str]()
    for text, rows in source.collect(source.rows.group_by(column).agg(pl.len().alias(_ROWS))).iter_rows():
        said = answer(text)
        if said is Answer.YES:
            yes.append(text)
        else:
            left_out[REASONS[said]] += rows
    if not yes:
        counts = f"{left_out['no_consent']:,} say no, of {left_out['consent_unknown']:,} the answer is not known"
        raise InvalidRequest(f"{source.path}: no row has a yes in {column} ({counts})")
    return replace(source, wanted=(column, tuple(yes))), left_out
