"""The parameters of a filter, with the types of the columns that their values are compared with."""

import json
from collections.abc import Mapping, Sequence

from lifecycle import datasets, resource_types
from lifecycle.resources import Resources
from personalize_rules.filters.errors import InvalidFilter
from personalize_rules.filters.expression import parts_of
from personalize_rules.filters.rules import DATASET_TYPES, NUMBER, kinds_of
from personalize_rules.filters.syntax import EQUALITY, MEMBERSHIP, Condition, Field, Placeholder
from personalize_rules.filters.values import Parameter


def filter_values(resources: Resources, filter_arn: str, given: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return ``filterValues`` for what people wrote per parameter.

    Raises ValueError (an unknown parameter, a value that does not fit), botocore's ClientError.
    """
    try:
        known = parameters(resources, filter_arn)
    except InvalidFilter as error:
        raise ValueError(f"can't be written by type, because the filter is not understood: {error.problem}") from None
    for name in given:
        if name not in known:
            raise ValueError(f"{name}: the filter has no such parameter; it has {', '.join(sorted(known)) or 'none'}")
    values = {}
    for name, texts in given.items():
        try:
            values[name] = known[name].text(texts)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return values


def parameters(resources: Resources, filter_arn: str) -> dict[str, Parameter]:
    """Return the parameters of a filter by name; only ``=`` and ``!=`` need the schema of their column.

    Raises InvalidFilter for an expression that is not understood here.
    """
    described = resources.describe(resource_types.FILTER, filter_arn)
    known: dict[str, Parameter] = {}
    for part in parts_of(described["filterExpression"]):
        for condition in part.conditions:
            if isinstance(condition.operand, Placeholder) and condition.operand.name not in known:
                known[condition.operand.name] = _parameter(resources, described["datasetGroupArn"], condition)
    return known


def _parameter(resources: Resources, group: str, condition: Condition) -> Parameter:
    if condition.operator in EQUALITY:
        is_number = NUMBER in kinds_of(_types(resources, group, condition.field))
    else:
        is_number = condition.operator not in MEMBERSHIP
    return Parameter(str(condition.field), is_number, takes_several=condition.operator in MEMBERSHIP)


def _types(resources: Resources, group: str, field: Field) -> frozenset[str]:
    """Return the Avro types of a field; none if its dataset or its column is not there."""
    dataset = datasets.find_dataset(resources, group, DATASET_TYPES[field.dataset].lower())
    if dataset is None:
        return frozenset()
    schema_arn = resources.describe(resource_types.DATASET, dataset)["schemaArn"]
    fields = json.loads(resources.describe(resource_types.SCHEMA, schema_arn)["schema"])["fields"]
    types = next((one["type"] for one in fields if one["name"] == field.column), ())
    return frozenset([types] if isinstance(types, str) else types)
