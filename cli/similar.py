"""`./broker similar`: what the similar-items model finds near an item."""

import click

from cli.recommendation_query import Question, ask, question_options
from lifecycle.names import SIMILAR_ITEMS


@click.command("similar", short_help="Items similar to an item.")
@click.argument("subject", metavar="ITEM")
@question_options
def command(item: str, question: Question) -> None:
    """Ask for items similar to one. It has a model of its own: ./broker train --recipe aws-similar-items. An item that
    the model does not know gets what is popular.

    Exit code: 0 answered, 1 no campaign or it failed, 2 wrong use.
    """
    ask(question, {"itemId": item}, f"Similar to {item}", default_recipe=SIMILAR_ITEMS)
