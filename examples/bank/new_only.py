"""Makes the filter ``new-only`` of the made-up bank's model: nobody is recommended what he has taken before.

The language: https://docs.aws.amazon.com/personalize/latest/dg/filter-expressions.html
"""

from cli import target as targets
from lifecycle import kinds
from lifecycle.resources import Resources

NAME = "new-only"
EXPRESSION = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("owned", "acquired")'


def main() -> None:
    """Make it unless it is there, and wait for it."""
    target = targets.find("bank", (), aws=False)
    with targets.one_line_errors():
        resources = Resources(target.client("personalize"))
        group = resources.find(kinds.DATASET_GROUP, target.names.dataset_group)
        resources.ensure(
            kinds.FILTER, NAME, {"datasetGroupArn": group, "filterExpression": EXPRESSION}, datasetGroupArn=group
        )


if __name__ == "__main__":
    main()
