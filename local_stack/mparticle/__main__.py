"""``python -m local_stack.mparticle``: the local mParticle as a process."""

import argparse
import random
import sys
import time

from local_stack.mparticle.app import make_app
from local_stack.mparticle.core import MParticle
from local_stack.mparticle.events_api import BATCHES_PER_SECOND, EventsApi
from local_stack.mparticle.forwarding.forwarder import Forwarder
from local_stack.mparticle.forwarding.kinesis import put_record
from local_stack.mparticle.forwarding.workers import Workers
from local_stack.mparticle.ids import Ids
from local_stack.mparticle.profile_api import ProfileApi
from personalize_local.shell import serve


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m local_stack.mparticle", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--with-parent", action="store_true", help="stop when standard input closes")
    parser.add_argument("--stream", required=True, help="the Kinesis stream to forward to")
    parser.add_argument("--kinesis-endpoint", required=True, help="URL of the local Kinesis")
    parser.add_argument("--forward-copies", type=float, default=0.01, help="share of records delivered twice")
    parser.add_argument("--rate", type=_rate, default=BATCHES_PER_SECOND, help="batches per second and input, or off")
    parser.add_argument("--seed", type=int, default=0, help="of ids, jitter and second copies")
    parser.add_argument("--workers", type=int, default=4, help="threads that forward")
    return parser.parse_args(argv)


def main() -> int:
    """Serve until stopped; return the exit code."""
    options = arguments()
    forwarder = Forwarder(
        put_record(options.stream, options.kinesis_endpoint, connections=options.workers),
        clock=time.time,
        chance=random.Random(options.seed).random,
        copies=options.forward_copies,
    )
    workers = Workers(forwarder, threads=options.workers)
    workspace = MParticle(clock=time.time, ids=Ids(options.seed), forward=workers.offer)
    events = EventsApi(workspace, clock=time.time, rate=options.rate)
    app = make_app(workspace, events, ProfileApi(workspace, time.time), forwarder.counts)
    workers.start()
    try:
        return serve(app, port=options.port, with_parent=options.with_parent)
    finally:
        workers.stop()


def _rate(value: str) -> float | None:
    return None if value == "off" else float(value)


if __name__ == "__main__":
    sys.exit(main())
