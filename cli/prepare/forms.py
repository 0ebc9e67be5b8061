"""What each form of `prepare` makes of a table: its options, checked against the columns there are, and applied."""

import time
from collections.abc import Collection
from typing import Any

from cli.options import pairs
from personalize_data.errors import InvalidRequest
from personalize_data.prepare import lines, ownership, pipeline
from personalize_data.prepare.columns import fill, names, timestamps
from personalize_data.prepare.columns.fill import Filling
from personalize_data.prepare.pipeline import Attributes, Prepared
from personalize_data.prepare.source import Source
from personalize_data.quotas import MAX_FIELDS, MAX_INTERACTION_METADATA
from personalize_data.times import Times

_COLUMNS = ("user", "item", "time", "time_of_day", "type", "value", "quantity", "price")


def from_ownership(
    source: Source,
    user: str,
    month: str,
    products: tuple[str, ...],
    changes: bool,
    gaps: str,
    initial_holdings: bool,
    attributes: tuple[str, ...],
    filled: tuple[str, ...],
    max_attributes: int,
    categorical: tuple[str, ...],
    drop_items: tuple[str, ...],
    time_unit: str | None,
    time_format: str | None,
    step: pipeline.Step,
) -> Prepared:
    """Return states, or changes, of ownership. Raises BadFile, BadQuestion and click.UsageError."""
    source.matching((user,), "--user")
    source.matching((month,), "--month", ". A row is a customer in a month: without time, nothing can be predicted")
    chosen = ownership.products(source.matching(products, "--product"), drop_items)
    names.check_apart({"--user": user, "--month": month}, chosen)
    users = names.named(source, attributes, "users", max_attributes, "--attribute")
    rules = fill.rules(source, _rules(filled), [user, month, *chosen, *users])
    spec = ownership.OwnershipTableSpec(user, month, chosen, changes, gaps, initial_holdings, time_format)
    dataset_attributes = Attributes(users, {}, _words(source, categorical, users))
    return pipeline.prepare_ownership(
        source, spec, dataset_attributes, Filling(source, rules), _times(time_unit, time_format), step
    )


def from_lines(
    source: Source,
    item_attributes: tuple[str, ...],
    attributes: tuple[str, ...],
    metadata_columns: tuple[str, ...],
    filled: tuple[str, ...],
    max_attributes: int,
    categorical: tuple[str, ...],
    time_unit: str | None,
    step: pipeline.Step,
    **values: Any,
) -> Prepared:
    """Return lines of invoices, or events, as interactions. Raises BadFile, BadQuestion and click.UsageError."""
    named = {name: values[name] for name in _COLUMNS if values.get(name)}
    for name, column in named.items():
        source.matching((column,), f"--{name.replace('_', '-')}")
    metadata = names.named(source, metadata_columns, "interactions", MAX_INTERACTION_METADATA, "--metadata")
    users = names.named(source, attributes, "users", max_attributes, "--attribute")
    items = names.named(source, item_attributes, "items", MAX_FIELDS["items"], "--item-attribute")
    rules = fill.rules(source, _rules(filled), [*named.values(), *metadata, *users, *items])
    text = _words(source, categorical, [*users, *items, *metadata])
    spec = lines.LineTableSpec(**values, metadata={name: column for column, name in metadata.items()}, text=text)
    dataset_attributes = Attributes(users, items, text)
    return pipeline.prepare_lines(
        source, spec, dataset_attributes, Filling(source, rules), _times(time_unit, values["time_format"]), step
    )


def _times(unit: str | None, form: str | None) -> Times:
    timestamps.check_form(form)
    return Times("iso" if form else unit, time.time())  # a form is a statement, as a unit is


def _words(source: Source, categorical: tuple[str, ...], columns: Collection[str]) -> list[str]:
    chosen = source.matching(categorical, "--categorical")
    other = [name for name in chosen if name not in columns]
    if other:
        raise InvalidRequest(
            f"--categorical {other[0]} is no attribute and no metadata: --attribute {other[0]} makes it one"
        )
    return chosen


def _rules(texts: tuple[str, ...]) -> dict[str, str]:
    return {column: rule.strip() for column, rule in pairs("--impute", texts, "COLUMN=RULE", empty=False).items()}
