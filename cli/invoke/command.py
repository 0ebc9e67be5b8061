"""`./broker invoke`: what the broker makes of sample batches, decoded here or by the real function under `serve`."""

import json
from pathlib import Path

import click

from cli.console import exact
from cli.invoke.report import answer, decoded, is_bad, text
from cli.records import whole_files


@click.command("invoke", short_help="What the broker makes of sample batches.")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--local", is_flag=True, help="Send them to the real function under a running `./broker serve`.")
@click.option("--json", "as_json", is_flag=True, help="JSON Lines, one object a batch, and nothing else on stdout.")
def command(files: tuple[Path, ...], local: bool, as_json: bool) -> None:
    """Show what the broker makes of mParticle batches: JSON, JSON Lines (both also gzipped) or a Kinesis event.

    Without --local this only decodes: no settings, no AWS, no network. Per batch it prints the verdict, the
    interactions, what is skipped and why, the PutEvents requests, and the words that it could not use, with the ones
    that may be meant. Batches, events and products are counted from 1.

    Exit code: 0 all are batches, 1 some are not, 2 wrong use.

    \b
    Examples:
      ./broker invoke events/purchase.json
      ./broker invoke --json events/*.json | python3 -m json.tool --json-lines
      ./broker invoke --local events/kinesis_event.json
    """
    if local:
        from cli.invoke.local import invoke_local

        raise SystemExit(invoke_local(files, as_json))
    bad = False
    for found in (found for record in whole_files(files) for found in decoded(record)):
        shown = answer(found)
        bad |= is_bad(shown)
        click.echo(json.dumps(exact(shown)) if as_json else text(shown, found.name))
    raise SystemExit(bad)
