"""A function's start in a process of its own: prints milliseconds of processor time by part.

python cold_process.py MODULE CALLS-FILE [BUILDER [ARGUMENT]]

Each line of the file has an event, and the name of the part that it is. ``BUILDER`` is the module's function that
creates the clients, once; it gets the argument if it takes one. Run as a file and not as a module, so that nothing is
imported before the function's own modules.
"""

import sys
import time

INTERPRETER = time.process_time()
MODULE = __import__(sys.argv[1], fromlist=["handler"])
IMPORTED = time.process_time()

import json  # noqa: E402
import os  # noqa: E402


class Context:
    """What the functions ask of Lambda's context."""

    function_name = "bench"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:bench"
    aws_request_id = "bench"
    function_version = "$LATEST"

    def get_remaining_time_in_millis(self) -> int:
        """Return a minute."""
        return 60_000


def main() -> None:
    """Print the parts in order."""
    parts, out = {"interpreter": INTERPRETER, "imports": IMPORTED - INTERPRETER}, os.fdopen(os.dup(1), "w")
    with open(sys.argv[2], encoding="utf-8") as file:
        calls = [json.loads(line) for line in file]
    with open(os.devnull, "w") as sys.stdout:
        if len(sys.argv) > 3:
            began = time.process_time()
            builder = getattr(MODULE, sys.argv[3])
            builder(*sys.argv[4 : 4 + builder.__wrapped__.__code__.co_argcount])
            parts["clients"] = time.process_time() - began
        for call in calls:
            began = time.process_time()
            MODULE.handler(call["event"], Context())
            parts[call["part"]] = time.process_time() - began
    print(json.dumps({part: 1000 * seconds for part, seconds in parts.items()}), file=out, flush=True)
    os._exit(0)  # threads may still hold connections


if __name__ == "__main__":
    main()
