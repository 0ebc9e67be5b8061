"""What a batch job needs for its filter: the expression in its spec, the values in its lines, and the records."""

from collections.abc import Callable, Mapping
from typing import Any

from personalize_local.errors import InvalidInput
from personalize_local.filters import language
from personalize_local.filters.evaluation import BoundExpression
from recommender_models.record_columns import Properties, RecordColumns

Values = Mapping[str, str]
Bind = Callable[[Values], BoundExpression]
"""Takes ``filterValues``; the same values give the same object. Raises InvalidInput."""


class RecordSnapshot(dict[str, Properties]):
    """The records of a dataset at the start of the job: ``version`` never changes."""

    version = 0

    @classmethod
    def load(cls, path: str | None) -> "RecordSnapshot":
        """Read what ``Tables.save`` wrote; no path is no records."""
        return cls(RecordColumns.load(path).properties())


def bind_from(spec: Mapping[str, Any]) -> Bind:
    """Return what binds the filter of a spec: ``filter`` (text), ``columns`` (dataset type -> column -> Avro types).

    See ``FilterControl.spec``. Without ``columns``, the types of values are not checked. Raises InvalidInput.
    """
    expression, given = language.parse(spec["filter"]), spec.get("columns")
    columns = given and {kind: {name: frozenset(own) for name, own in of.items()} for kind, of in given.items()}
    return lambda values: expression.bind(values, columns)


def values_of(request: Mapping[str, Any], *, has_filter: bool) -> Values:
    """Return the ``filterValues`` of a line; none is no values. Raises InvalidInput."""
    values = request.get("filterValues", {})
    if not isinstance(values, dict):
        raise InvalidInput("filterValues must be an object")
    if values and not has_filter:
        raise InvalidInput("filterValues are given, but the job has no filter")
    return values
