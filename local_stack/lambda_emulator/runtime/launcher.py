"""The main program of a function's process: runs the handler in Lambda's runtime client, and ends with the parent.

``python launcher.py HANDLER [--own-client]``. The parent holds the other end of standard input; when that closes, the
process ends, even in the middle of a handler. The client is awslambdaric where it is installed (Linux), else
``runtime_client.py`` beside this file. Not imported by anything.
"""

import os
import runpy
import sys
import threading
from pathlib import Path


def end_with_parent() -> None:
    """Exit the process as soon as standard input ends."""

    def watch() -> None:
        while os.read(0, 4096):
            continue
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Run the client until the process ends."""
    handler, own_client = sys.argv[1], "--own-client" in sys.argv[2:]
    end_with_parent()
    # As in Lambda, modules come from the function's own directory first, and not from this one.
    here, sys.path[0] = Path(__file__).parent, os.environ["LAMBDA_TASK_ROOT"]
    sys.argv = ["bootstrap", handler]
    if own_client:
        runpy.run_path(str(here / "runtime_client.py"), run_name="__main__")
    else:
        runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
