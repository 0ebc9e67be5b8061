"""`./broker COMMAND`: names the commands and loads only the one that was asked for."""

import difflib
import errno
import importlib
import signal
import sys
from typing import Any

import click

from cli import console
from cli.version import show_version

COMMANDS = {
    "run": "The whole loop on this machine, from clicks to recommendations on a profile.",
    "serve": "The same services, until Ctrl-C, for your own code to talk to.",
    "shop": "A web shop on the same services, and a panel that shows what becomes of each click.",
    "invoke": "What the broker makes of sample batches.",
    "status": "Where a broker is, and what is due next.",
    "outputs": "What the stack's resources are called, also as shell variables.",
    "failures": "What fails or is left out, and why, by the functions' logs.",
    "verify": "Does a deployed broker work? A probe, hop by hop.",
    "why": "What is known of one user's list, and how surely.",
    "attribution": "What each source of recommendations earned.",
    "cost": "What a broker costs per month, item by item.",
    "pause": "Take out what costs by the hour, and keep data and models.",
    "resume": "Bring back what `pause` took out, on the newest model.",
    "tune": "Event weights and the training schedule of cdk.json into Personalize.",
    "backfill": "History into a dataset, from exports or a CSV.",
    "train": "A new version of the model, with its metrics.",
    "recommend": "Recommendations for a user.",
    "similar": "Items similar to an item.",
    "batch": "Recommendations for many users at once.",
    "seed": "Lists for users who do not act, for e-mail and push.",
    "export": "The content of a dataset as CSV.",
    "tracker": "Another dataset group with an event tracker, to fill beside the first.",
    "filter": "Filters on recommendations: made, listed, deleted.",
    "prepare": "Convert your tables to Personalize's CSVs and schemas.",
    "features": "Which attributes of users are worth a column.",
    "evaluate": "Is a recommender worth it? All of them on the same users.",
    "experiment": "What an experiment's variants earn, and whether one sells more.",
    "replay": "List quarantined records, and redrive them to the stream.",
    "rewind": "Read the stream again, without refreshes.",
    "forget": "Erase users from Personalize, and from refresh's table.",
    "secret": "mParticle's key and secret into Secrets Manager.",
    "faults": "Make the local services fail on purpose.",
    "soak": "The loop for hours, with faults.",
}

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class Commands(click.Group):
    """Imports a command's module when it is called: `invoke` needs neither the services nor AWS's SDK."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"cli.{cmd_name}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        close = difflib.get_close_matches(args[0], COMMANDS, n=1)
        if args[0] not in COMMANDS and close:
            ctx.fail(f"No such command '{args[0]}'. Did you mean {close[0]}?")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            # In a command's imports or while it reads its files; once it has services it says itself that it stops.
            click.echo("stopped", err=True)
            raise SystemExit(130) from None

    def main(self, *arguments: Any, **how: Any) -> Any:
        try:
            return super().main(*arguments, **how)
        except OSError as error:
            if error.errno not in FULL:
                raise
            console.discard_stdout()
            where = error.filename or "standard output, or a file"
            click.echo(f"Error: {where}: {error.strerror}", err=True)
            raise SystemExit(1) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="The terms are explained in docs/glossary.md, and the reason codes in docs/reasons.md.",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=show_version, help="Show the version."
)
def main() -> None:
    """Personalize Broker: customers' events from mParticle train Amazon Personalize, and its recommendations come back
    onto the customers' profiles.

    Begin with `./broker run`: it needs no AWS account.
    """


if __name__ == "__main__":
    # Stopped like by Ctrl-C, so that a command takes its services down in order.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.default_int_handler)
    sys.exit(main(prog_name="./broker"))
