"""Starts the local Amazon Personalize: ``python -m personalize_local [--port N] …``."""

import argparse
import logging
import random
import sys
import time
import uuid

from personalize_local.app import make_app
from personalize_local.learning.process import TrainingProcess
from personalize_local.service import Durations, Personalize
from personalize_local.shell import serve
from personalize_local.wire.protocol import Wire


def seconds_range(text: str) -> tuple[float, float]:
    """Read ``SECONDS`` or ``MIN-MAX``."""
    least, _, most = text.partition("-")
    pair = float(least), float(most or least)
    if not 0 <= pair[0] <= pair[1]:
        raise argparse.ArgumentTypeError(f"{text} is not SECONDS or MIN-MAX")
    return pair


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(prog="python -m personalize_local", description=__doc__)
    made.add_argument("--port", type=int, default=0, help="default: a free one")
    made.add_argument("--with-parent", action="store_true", help="stop when standard input ends")
    made.add_argument("--lag", type=seconds_range, default=(1.0, 2.0), metavar="SECONDS|MIN-MAX", help="default: 1-2")
    made.add_argument("--seed", type=int, default=0, help="of the lags; default: 0")
    made.add_argument(
        "--training-delay", type=float, default=0.3, metavar="SECONDS", help="the least time of a training"
    )
    return made


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped; return the exit code."""
    options = parser().parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    lags = random.Random(options.seed)  # noqa: S311 - a simulation
    train = TrainingProcess()
    service = Personalize(
        clock=time.time,
        lag=lambda: lags.uniform(*options.lag),
        train=train,
        durations=Durations(training=options.training_delay),
    )
    wire = Wire(service.handlers, new_id=lambda: str(uuid.uuid4()))
    return serve(make_app(service, wire, on_stop=train.close), port=options.port, with_parent=options.with_parent)


if __name__ == "__main__":
    sys.exit(main())
