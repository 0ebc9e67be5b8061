"""`./broker recommend`: what the campaign recommends to a user."""

import click
from broker.batch import int64

from cli.asking import Question, ask, question_options


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

    Exit code: 0 answered, 1 no campaign or it failed, 2 wrong use.
    """
    ask(question, {"userId": user}, f"For user {user}")
