"""Missing values: a rule that the owner of a table states for each column, applied and counted."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from personalize_data.errors import InvalidRequest
from personalize_data.prepare.columns.numbers import pointed
from personalize_data.prepare.source import ROW, Source

MEDIAN, MODE, DROP = "median", "mode", "drop"


@dataclass
class Filling:
    """``rules``: source column → ``median``, ``mode``, ``drop`` or the value to put.

    ``filled``: cells by column; ``dropped``: rows by the column that lacked.
    """

    source: Source
    rules: Mapping[str, str] = field(default_factory=dict)
    filled: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)

    def apply(self, frame: pl.DataFrame, column: str, needed: bool) -> pl.DataFrame:
        """Return a frame (with ROW) whose column is filled. Raises BadFile for a missing value that is ``needed``."""
        missing = frame[column].null_count()
        rule = self.rules.get(column)
        if not missing:
            return frame
        if rule is None:
            if needed:
                row = frame.filter(pl.col(column).is_null())[ROW].min()
                raise self._unruled(int(row), column)  # type: ignore[arg-type]
            return frame
        if rule == DROP:
            self.dropped[column] += missing
            return frame.filter(pl.col(column).is_not_null())
        self.filled[column] += missing
        value = self._value(frame[column], column, rule)
        return frame.with_columns(pl.col(column).cast(pl.String).fill_null(value).cast(frame[column].dtype))

    def as_json(self) -> dict[str, Any]:
        """Return the rules and the counts as a JSON object."""
        rules = {name: self.rules[name] for name in (*self.filled, *self.dropped)}
        return {"rules": rules, "filled": dict(self.filled), "dropped": dict(self.dropped)}

    def _value(self, column: pl.Series, name: str, rule: str) -> str:
        known = column.drop_nulls().cast(pl.String)
        if rule not in (MEDIAN, MODE):
            return rule
        if known.is_empty():
            raise InvalidRequest(f"--impute {name}={rule}: the column is empty in all rows")
        if rule == MODE:
            counts = known.rename("value").value_counts(name="count").sort(["count", "value"], descending=[True, False])
            return str(counts["value"][0])
        return self._median(known, name)

    def _median(self, known: pl.Series, name: str) -> str:
        numbers = pointed(known, self.source.decimal(name)).cast(pl.Float64, strict=False)
        odd_ones = known.filter(~numbers.is_finite().fill_null(False))
        if len(odd_ones):
            odd = odd_ones[0]
            raise InvalidRequest(
                f"--impute {name}=median: {odd!r} is no number; --impute {name}=mode takes the most frequent"
            )
        # The lower of two in the middle, as it is written: whole numbers stay whole.
        return str(known.gather([int(numbers.arg_sort()[(len(numbers) - 1) // 2])])[0])

    def _unruled(self, row: int, column: str) -> Exception:
        ways = f"--impute {column}=drop leaves such rows out, --impute {column}=VALUE puts a value"
        text = self.source.raw(row, column)
        nothing = f"nothing in {column}" if text is None else f"{column} is {text!r}, which stands for nothing"
        return self.source.bad(row, f"{nothing}{self.source.short(row)}: {ways}")


def rules(source: Source, pairs: Mapping[str, str], used: list[str]) -> dict[str, str]:
    """Return the rule of each column in use; names may be ``*`` patterns. Raises InvalidRequest for an unused one."""
    matched: dict[str, str] = {}
    for pattern, rule in pairs.items():
        names = [name for name in source.matching([pattern], "--impute") if name in used]
        if not names:
            raise InvalidRequest(f"--impute {pattern}: this column is not in use here")
        matched |= dict.fromkeys(names, rule)
    return matched
