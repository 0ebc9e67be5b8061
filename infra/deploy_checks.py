"""Whether a synthesised stack may be deployed over what is deployed: ``python -m infra.deploy_checks cdk.out``.

Forward only when the next stage can work, back only when confirmed: that deletes models.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.stage import EXAMPLE_REFUSED, EXAMPLE_RULE, Stage
from lifecycle.counts import Counts, of_aws
from lifecycle.names import Names

DOWNGRADE = "downgrade"


@dataclass(frozen=True)
class Wanted:
    """What was synthesised."""

    stack: str
    stage: Stage
    is_example: bool
    trains: bool
    serves: bool


@dataclass(frozen=True)
class Deployed:
    """What is there: the stage, the states of the solution's versions, and where mParticle's secret is still empty.

    ``counts``: the interactions so far, as ``./broker status`` says them; asked for before the first training only.
    """

    stage: Stage
    versions: tuple[str, ...] = ()
    empty_secret: str | None = None
    counts: Counts = Counts()  # noqa: RUF009 - frozen


def problems(wanted: Wanted, deployed: Deployed | None, confirm: str = "") -> list[str]:
    """Return why not to deploy; nothing if all is well. With given Personalize resources only going back matters."""
    if wanted.is_example:
        return [EXAMPLE_REFUSED]
    found = []
    if deployed and wanted.stage.step < deployed.stage.step and confirm != DOWNGRADE:
        found.append(
            f"{wanted.stack} is deployed at stage {deployed.stage}; going back to {wanted.stage} deletes "
            f"{_lost(wanted.stage, deployed.stage)}. If that is meant: make deploy CONFIRM={DOWNGRADE}"
        )
    if wanted.trains and not deployed:
        found.append(
            f"{wanted.stack} is not deployed yet: begin with stage collect, and train when there are 1000 interactions"
        )
    if wanted.trains and not wanted.serves and deployed and deployed.stage is Stage.COLLECT:
        found += [
            f"{missing} to train on: wait for more, or bring history by ./broker backfill; ./broker status counts them"
            for missing in deployed.counts.missing()
        ]
    if wanted.serves and deployed and "ACTIVE" not in deployed.versions:
        states = ", ".join(deployed.versions) or "none: deploy stage train, and wait for its first training"
        found.append(f"there is no ACTIVE solution version to make a campaign of (versions: {states})")
    if wanted.stage is Stage.RECOMMEND and deployed and deployed.empty_secret:
        found.append(
            "mParticle's secret is empty; put the custom feed's pair in: aws secretsmanager put-secret-value "
            f'--secret-id {deployed.empty_secret} --secret-string \'{{"key": "…", "secret": "…"}}\''
        )
    return found


def _lost(wanted: Stage, deployed: Stage) -> str:
    lost = ["the solution with all its trained models"] if wanted is Stage.COLLECT else []
    return " and ".join((["the campaign and the refresh queue"] if deployed is Stage.RECOMMEND else []) + lost)


def read_assembly(folder: Path) -> Wanted:
    """Read the one stack of a synthesised application."""
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
    stack = next(one for one in artifacts.values() if one["type"] == "aws:cloudformation:stack")["properties"]
    template = json.loads((folder / stack["templateFile"]).read_text())
    types = {resource["Type"] for resource in template["Resources"].values()}
    return Wanted(
        stack=stack["stackName"],
        stage=Stage(template["Outputs"]["Stage"]["Value"]),
        is_example=EXAMPLE_RULE in template.get("Rules", {}),
        trains="AWS::Personalize::Solution" in types,
        serves="AWS::Personalize::Campaign" in types,
    )


def look_at(stack: str, client: Callable[[str], Any], *, count: bool = True) -> Deployed | None:
    """Ask AWS what is deployed under this name; None if nothing is. ``client`` is boto3's. Raises ClientError.

    ``count``: whether the interactions matter; where Personalize's resources are given, nothing is asked about them.
    """
    try:
        answer = client("cloudformation").describe_stacks(StackName=stack)
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    outputs = {output["OutputKey"]: output["OutputValue"] for output in answer["Stacks"][0].get("Outputs", [])}
    if "Stage" not in outputs:  # a first deployment that failed
        return None
    stage = Stage(outputs["Stage"])
    counts = of_aws(client, Names(stack), outputs) if count and stage is Stage.COLLECT else Counts()
    return Deployed(stage, _versions(outputs, client), _empty_secret(outputs, client), counts)


def _versions(outputs: Mapping[str, str], client: Callable[[str], Any]) -> tuple[str, ...]:
    if "SolutionArn" not in outputs:
        return ()
    pages = client("personalize").get_paginator("list_solution_versions").paginate(solutionArn=outputs["SolutionArn"])
    return tuple(version["status"] for page in pages for version in page["solutionVersions"])


def _empty_secret(outputs: Mapping[str, str], client: Callable[[str], Any]) -> str | None:
    arn = outputs["MParticleSecretArn"]
    return None if client("secretsmanager").describe_secret(SecretId=arn).get("VersionIdsToStages") else arn


def main(arguments: list[str] | None = None) -> int:
    """Return 0 to go on, 2 with the reasons not to."""
    parser = argparse.ArgumentParser(prog="infra.deploy_checks", description=__doc__)
    parser.add_argument("assembly", type=Path, help="what cdk synth wrote, cdk.out")
    parser.add_argument("--confirm", default="", help=f"{DOWNGRADE}: yes, go back a stage")
    parser.add_argument(
        "--profile", help="AWS profile, as cdk's option of this name; cdk's other options are passed over"
    )
    asked, _ = parser.parse_known_args(arguments)
    wanted = read_assembly(asked.assembly)
    found = problems(wanted, None) if wanted.is_example else _look_and_decide(wanted, asked.confirm, asked.profile)
    for problem in found:
        print(f"Not deployed: {problem}", file=sys.stderr)  # noqa: T201
    return 2 if found else 0


def _look_and_decide(wanted: Wanted, confirm: str, profile: str | None) -> list[str]:
    # The region as the CDK command line finds it: boto3 alone does not read AWS_REGION.
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    try:
        client = boto3.Session(profile_name=profile, region_name=region).client
        deployed = look_at(wanted.stack, client, count=wanted.trains)
    except (BotoCoreError, ClientError) as error:
        return [f"could not ask AWS what is deployed: {error}"]
    return problems(wanted, deployed, confirm)


if __name__ == "__main__":
    sys.exit(main())
