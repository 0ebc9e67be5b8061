"""Starts the local Amazon Personalize: ``python -m personalize_local [--port N] …``, ``personalize-local …``."""

import argparse
import contextlib
import logging
import random
import sys
import tempfile
import time
import uuid
from pathlib import Path

from personalize_local.app import make_app
from personalize_local.compacting import SNAPSHOT_AFTER
from personalize_local.errors import JobFailed
from personalize_local.jobs.runner import ProcessJobs
from personalize_local.jobs.s3_folder import FolderStore
from personalize_local.journal import Journal, JournalUnusable
from personalize_local.operations import Durations
from personalize_local.service import Personalize
from personalize_local.shell import LOOPBACK, serve
from personalize_local.toggles import ON_BY_DEFAULT, Toggles
from personalize_local.wire.protocol import WireProtocol
from personalize_local.with_shop import fill

SCRIPT = "personalize-local"


def seconds_range(text: str) -> tuple[float, float]:
    """Read ``SECONDS`` or ``MIN-MAX``."""
    least, _, most = text.partition("-")
    pair = float(least), float(most or least)
    if not 0 <= pair[0] <= pair[1]:
        raise argparse.ArgumentTypeError(f"{text} is not SECONDS or MIN-MAX")
    return pair


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    command_line = argparse.ArgumentParser(
        prog=SCRIPT if Path(sys.argv[0]).name == SCRIPT else "python -m personalize_local", description=__doc__
    )
    command_line.add_argument("--port", type=int, default=0, help="default: a free one")
    command_line.add_argument("--host", default=LOOPBACK, help="default: %(default)s, so that only this machine calls")
    command_line.add_argument("--with-shop", action="store_true", help="create a small shop with a trained campaign")
    command_line.add_argument("--with-parent", action="store_true", help="stop when standard input ends")
    command_line.add_argument("--data", type=Path, metavar="DIR", help="keep everything there; default: in memory")
    command_line.add_argument(
        "--snapshot-after",
        type=int,
        default=SNAPSHOT_AFTER,
        metavar="BYTES",
        help="of journal that a snapshot in the data folder replaces; default: %(default)s",
    )
    s3 = command_line.add_mutually_exclusive_group()
    s3.add_argument("--s3-endpoint", metavar="URL", help="where imports and batch jobs find S3, on loopback")
    s3.add_argument("--s3-folder", type=Path, metavar="DIR", help="or a folder instead: s3://b/k is the file DIR/b/k")
    command_line.add_argument(
        "--lag", type=seconds_range, default=(1.0, 2.0), metavar="SECONDS|MIN-MAX", help="default: 1-2"
    )
    command_line.add_argument("--seed", type=int, default=0, help="of the lags; default: 0")
    command_line.add_argument(
        "--training-delay", type=float, default=0.3, metavar="SECONDS", help="the least time of a training"
    )
    command_line.add_argument(
        "--auto-training-delay",
        type=float,
        default=3600.0,
        metavar="SECONDS",
        help="from a solution's being ACTIVE to its first automatic training; default: an hour, as AWS",
    )
    command_line.add_argument(
        "--disable",
        action="append",
        default=[],
        choices=[name.replace("_", "-") for name in ON_BY_DEFAULT],
        help="disable a production limit; repeatable",
    )
    command_line.add_argument(
        "--resource-quotas", action="store_true", help="refuse more resources than AWS allows, e.g. a 6th dataset group"
    )
    return command_line


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped; return the exit code."""
    options = parser().parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    if options.with_shop and options.s3_endpoint:
        parser().error("--with-shop has its files in a folder: not with --s3-endpoint")
    with contextlib.ExitStack() as running:
        try:
            journal = running.enter_context(contextlib.closing(Journal(options.data))) if options.data else None
            folder = options.data or Path(running.enter_context(tempfile.TemporaryDirectory(prefix="personalize-")))
            return _serve(options, folder.absolute(), journal)
        except JobFailed as error:
            print(f"--with-shop failed: {error}", file=sys.stderr)  # noqa: T201
            return 1
        except (JournalUnusable, OSError) as error:
            message = f"--data {options.data} can't be used: {error.strerror}" if isinstance(error, OSError) else error
            print(message, file=sys.stderr)  # noqa: T201
            return 2


def _serve(options: argparse.Namespace, folder: Path, journal: Journal | None) -> int:
    s3_folder = options.s3_folder or (folder / "s3" if options.with_shop else None)
    s3_endpoint = s3_folder.absolute().as_uri() if s3_folder else options.s3_endpoint
    lags = random.Random(options.seed)  # noqa: S311 - a simulation
    jobs = ProcessJobs()
    service = Personalize(
        clock=time.time,
        lag=lambda: lags.uniform(*options.lag),
        jobs=jobs,
        folder=folder,
        durations=Durations(training=options.training_delay, auto_training=options.auto_training_delay),
        toggles=Toggles(
            **{name.replace("-", "_"): False for name in options.disable}, resource_quotas=options.resource_quotas
        ),
        s3_endpoint=s3_endpoint,
        journal=journal,
        snapshot_after=options.snapshot_after,
    )
    if options.with_shop:
        jobs.in_place = True
        campaign = fill(service, FolderStore(s3_endpoint))
        jobs.in_place = False
        print(f"campaign of the shop: {campaign}", file=sys.stderr)  # noqa: T201
    wire = WireProtocol(
        service.handlers,
        new_id=lambda: str(uuid.uuid4()),
        length_limits=lambda: service.toggles.length_limits,
    )
    app = make_app(service, wire, on_stop=jobs.close)
    return serve(app, host=options.host, port=options.port, with_parent=options.with_parent)


if __name__ == "__main__":
    sys.exit(main())
