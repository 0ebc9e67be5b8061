"""Entry point: ``python -m local.aws --port N [--with-parent]``."""

import argparse
import sys

from local.aws.faults import with_faults
from local.aws.server import LocalAws
from personalize_local.faults.middleware import in_real_time
from personalize_local.shell import serve


def main() -> int:
    """Serve until stopped; return the exit code."""
    parser = argparse.ArgumentParser(prog="local.aws", description="Kinesis, SQS, S3 and Secrets Manager on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--with-parent", action="store_true", help="stop when standard input closes")
    arguments = parser.parse_args()
    return serve(with_faults(LocalAws(), in_real_time("aws")), port=arguments.port, with_parent=arguments.with_parent)


if __name__ == "__main__":
    sys.exit(main())
