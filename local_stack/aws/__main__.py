"""Entry point: ``python -m local_stack.aws --port N [--with-parent]``."""

import argparse
import sys

from faults.middleware import in_real_time
from local_stack.aws.operations import with_faults
from local_stack.aws.server import LocalAws
from personalize_local.shell import serve


def main() -> int:
    """Serve until stopped; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="local_stack.aws", description="Kinesis, SQS, S3, DynamoDB and Secrets Manager on loopback."
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--with-parent", action="store_true", help="stop when standard input closes")
    arguments = parser.parse_args()
    return serve(with_faults(LocalAws(), in_real_time("aws")), port=arguments.port, with_parent=arguments.with_parent)


if __name__ == "__main__":
    sys.exit(main())
