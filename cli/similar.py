"""`./broker similar`: what the similar-items model finds near an item."""

import click

from cli import target as targets
from cli.asking import answer, campaign, filter_arguments, model_options
from cli.progress import Waiting
from lifecycle.names import SIMILAR_ITEMS
from lifecycle.training import Training


@click.command("similar", short_help="Items similar to an item.")
@click.argument("item")
@click.option("--num-results", type=click.IntRange(1, 500), default=10, show_default=True)
@click.option("--filter", "filter_", metavar="NAME|ARN", help="A filter on the items.")
@click.option("--value", "values", multiple=True, metavar="KEY=VALUE", help="A parameter of the filter.")
@click.option(
    "--create-campaign", is_flag=True, help="Make the campaign if there is none; on AWS it costs by the hour."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@model_options
@targets.options
def command(
    item: str,
    num_results: int,
    filter_: str | None,
    values: tuple[str, ...],
    create_campaign: bool,
    as_json: bool,
    recipe: str | None,
    hpo: bool,
    name: str | None,
    context: tuple[str, ...],
    aws: bool,
) -> None:
    """Ask for items similar to one. It has a model of its own: ./broker train --recipe aws-similar-items. An item that
    the model does not know gets what is popular.

    Exit code: 0 answered, 1 no campaign or it failed, 2 wrong use.
    """
    model = Training(recipe or SIMILAR_ITEMS, hpo)
    target = targets.find(name, context, aws=aws)
    with targets.one_line_errors():
        narrowed = filter_arguments(target, filter_, values)
        with Waiting() as waiting:
            arn = campaign(target, model, waiting, create=create_campaign, default="")
        request = {"campaignArn": arn, "itemId": item, "numResults": num_results, **narrowed}
        answer(target, request, f"Similar to {item}", as_json=as_json)
