"""Event weights and training schedules, after CloudFormation: ``python -m infra.apply_tuning cdk.out``.

Nothing is asked of AWS where nothing is wanted, and nothing is updated that is as wanted.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.paths import LAMBDA_SRC

sys.path.insert(0, str(LAMBDA_SRC))  # the settings are checked by the functions' own rules

from infra.region import region as region_of_environment
from infra.tuning import read_tuning_file
from lifecycle import tuning
from lifecycle.names import Names
from lifecycle.resources import Resources


def main(arguments: list[str] | None = None) -> int:
    """Return 0 where each solution is as wanted, 1 with the reason where not."""
    parser = argparse.ArgumentParser(prog="infra.apply_tuning", description=__doc__)
    parser.add_argument("assembly", type=Path, help="what cdk synth wrote, cdk.out")
    parser.add_argument("--profile", help="AWS profile, as cdk's option; cdk's other options are passed over")
    options, _ = parser.parse_known_args(arguments)
    stack, wanted = read_tuning_file(options.assembly)
    if not wanted:
        return 0
    try:
        session = boto3.Session(profile_name=options.profile, region_name=region_of_environment())
        done = apply_all(Resources(session.client("personalize")), stack, wanted)
    except (BotoCoreError, ClientError, tuning.TuningFailed) as error:
        print(f"Deployed, but not tuned: {error}. ./broker tune --aws does it", file=sys.stderr)  # noqa: T201
        return 1
    for line in done or ["as wanted already"]:
        print(f"Tuned: {line}", file=sys.stderr)  # noqa: T201
    return 0


def apply_all(resources: Resources, stack: str, wanted: Sequence[tuning.Wanted]) -> list[str]:
    """Update the solutions that are not as wanted; return a line for each difference. Raises TuningFailed."""
    compared = tuning.compare(resources, Names(stack).dataset_group, wanted)
    tuning.apply_all(resources, compared)
    if missing := [one.wanted.solution for one in compared if one.solution is None]:
        raise tuning.TuningFailed(f"there is no solution {', '.join(missing)}")
    return [str(difference) for one in compared for difference in one.differences]


if __name__ == "__main__":
    sys.exit(main())
