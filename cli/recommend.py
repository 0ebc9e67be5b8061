"""`./broker recommend`: what the campaign recommends to a user."""

import click
from broker.batch import int64

from cli import target as targets
from cli.asking import answer, campaign, filter_arguments, model_options
from cli.progress import Waiting
from lifecycle.training import Training


def _no_option(_: click.Context, argument: click.Parameter, user: str) -> str:
    """Take a negative mParticle id for what it is, and nothing else that begins with a dash."""
    if user.startswith("-") and int64(user) is None:
        raise click.NoSuchOption(user)
    return user


@click.command("recommend", short_help="Recommendations for a user.", context_settings={"ignore_unknown_options": True})
@click.argument("user", callback=_no_option)
@click.option("--num-results", type=click.IntRange(1, 500), default=10, show_default=True)
@click.option("--filter", "filter_", metavar="NAME|ARN", help="A filter on the recommendations.")
@click.option("--value", "values", multiple=True, metavar="KEY=VALUE", help="A parameter of the filter.")
@click.option(
    "--create-campaign", is_flag=True, help="Make the campaign if there is none; on AWS it costs by the hour."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@model_options
@targets.options
def command(
    user: str,
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
    """Ask for recommendations for a user. A user that the model does not know gets what is popular.

    Exit code: 0 answered, 1 no campaign or it failed, 2 wrong use.
    """
    target = targets.find(name, context, aws=aws)
    default = targets.settings(context).personalize.recipe
    model = Training(recipe or default, hpo)
    with targets.one_line_errors():
        narrowed = filter_arguments(target, filter_, values)
        with Waiting() as waiting:
            arn = campaign(target, model, waiting, create=create_campaign, default=default)
        request = {"campaignArn": arn, "userId": user, "numResults": num_results, **narrowed}
        answer(target, request, f"For user {user}", as_json=as_json)
