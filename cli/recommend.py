"""`./broker recommend`: what the campaign recommends to a user."""

import click
from broker.json_values import int64

from cli.errors import service_errors
from cli.recommendation_query import Answered, Question, ask, question_options

NOBODY = "a user of whom nothing is known"


def _no_option(_: click.Context, argument: click.Parameter, user: str) -> str:
    """Take a negative mParticle id for what it is, and nothing else that begins with a dash."""
    if user.startswith("-") and int64(user) is None:
        raise click.NoSuchOption(user)
    return user


@click.command("recommend", short_help="Recommendations for a user.", context_settings={"ignore_unknown_options": True})
@click.argument("subject", metavar="USER", callback=_no_option)
@question_options
def command(user: str, question: Question) -> None:
    """Ask for recommendations for a user. A user that the model does not know gets what is popular.

    Locally a line on stderr says when that is so; from AWS's answer it can't be told.

    Exit code: 0 answered, 1 no campaign or it failed, 2 wrong use.
    """
    answered = ask(question, {"userId": user}, f"For user {user}")
    with service_errors():
        if _is_unknown(answered):
            click.echo(f"The model knows no interactions of {user!r}: these are the popular items.", err=True)


def _is_unknown(answered: Answered) -> bool:
    """Return whether the local service said, to the last score, what it says of a user whom nobody knows."""
    scores = [item["score"] for item in answered.items]
    if not answered.target.local_url or not scores or None in scores:  # without scores: the same for everybody
        return False
    runtime = answered.target.client("personalize-runtime")
    response = runtime.get_recommendations(**{**answered.request, "userId": NOBODY})
    return answered.items == [{"item": one["itemId"], "score": one.get("score")} for one in response["itemList"]]
