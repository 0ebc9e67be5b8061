"""Entry point: ``python -m local_stack.ministack --program PATH [--with-parent]``: AWS's control plane on loopback.

ministack is a third-party program with its own environment (tests/deploy/requirements.in). It neither announces that it
answers nor ends with its parent; this process adds both. The functions that are deployed to it inherit this process's
environment.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import requests

from local_stack import loopback
from local_stack.aws import ACCOUNT
from personalize_local.parent import stop_with_parent
from personalize_local.shell import LOOPBACK, listen

HEALTH = "/_ministack/health"
PAUSE = 0.05
START_SECONDS = 180.0  # a service that ends is noticed at once; one that is slow needs time on a busy machine


def main() -> int:
    """Run ministack until stopped; return its exit code."""
    parser = argparse.ArgumentParser(prog="local_stack.ministack", description="An emulator of AWS on loopback.")
    parser.add_argument("--program", required=True, help="the program ministack, in its own environment")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--with-parent", action="store_true", help="stop when standard input closes")
    options = parser.parse_args()
    port = options.port or free_port()
    url = f"http://{LOOPBACK}:{port}"
    with subprocess.Popen(  # noqa: S603 - the program that we were told to run
        [options.program], env=_environment(port), stdin=subprocess.DEVNULL, stdout=sys.stderr
    ) as process:
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        if options.with_parent:
            stop_with_parent(process.terminate)
        if _answers(process, url):
            print(json.dumps({"url": url}), flush=True)  # noqa: T201
        else:
            process.terminate()
        return process.wait()


def free_port() -> int:
    """Return a free port, for a program that can't choose one itself."""
    with listen(0) as listener:
        return int(listener.getsockname()[1])


def _environment(port: int) -> dict[str, str]:
    own = {"BIND_HOST": LOOPBACK, "GATEWAY_PORT": str(port), "MINISTACK_ACCOUNT_ID": ACCOUNT, "LOG_LEVEL": "WARNING"}
    # PYTHONPATH would let a function find this repository's code where its own lacks something.
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | own


def _answers(process: subprocess.Popen[bytes], url: str) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(requests.RequestException):
            return loopback.get(url + HEALTH).ok
        time.sleep(PAUSE)
    return False


if __name__ == "__main__":
    sys.exit(main())
