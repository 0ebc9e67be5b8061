"""Whether a synthesised stack may be deployed over what is deployed: ``python -m infra.deploy_checks cdk.out``.

Forward only when the next stage can work, back only when confirmed: that deletes models. The last stage serves
customers: not without somebody who is told of alarms, unless that is confirmed.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.paths import LAMBDA_SRC

sys.path.insert(0, str(LAMBDA_SRC))  # the settings are checked by the functions' own rules

from infra.cost.estimate import read_estimate
from infra.mparticle import EXAMPLE_REFUSED, EXAMPLE_RULE
from infra.receivers import out_of_reach, region_of
from infra.region import region as region_of_environment
from infra.region import without_personalize
from infra.reserved_concurrency import reserved_concurrency_problems
from infra.settings import Stage
from lifecycle.counts import InteractionCounts, from_aws
from lifecycle.names import Names

DOWNGRADE, SILENT, HOTFIX = "downgrade", "silent", "hotfix"
CONFIRMATIONS = {
    DOWNGRADE: "go back a stage",
    SILENT: "deploy although nobody is told of alarms",
    HOTFIX: "let the new versions of the functions take over at once, whatever alarms say",
}
AT_ONCE = "a hotfix takes over at once, and no alarm rolls it back: watch the dashboard"
NOBODY_TOLD = (
    "nobody is told when an alarm goes off: set broker:alarm_email, broker:alarm_topic_arn or broker:page_topic_arn in "
    "cdk.json"
)


@dataclass(frozen=True)
class SynthesisedStack:
    """What was synthesised. ``unheard``: alarms without an action; ``topics``: the ARNs of existing topics.

    ``creates``: whether it creates resources of Personalize, rather than being given them. ``kms_key``: the setting.
    """

    stack: str
    stage: Stage
    is_example: bool
    trains: bool
    serves: bool
    unheard: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    creates: bool = True
    kms_key: str | None = None
    reserved_concurrency: int | None = None
    paused: bool = False


@dataclass(frozen=True)
class DeployedStack:
    """What is there: the stage, the states of the solution's versions, and where mParticle's secret is still empty.

    ``counts``: the interactions so far, as ``./broker status`` says them; asked for before the first training only.
    """

    stage: Stage
    versions: tuple[str, ...] = ()
    empty_secret: str | None = None
    counts: InteractionCounts = InteractionCounts()  # noqa: RUF009 - frozen
    kms_key: str | None = None


def problems(synthesised: SynthesisedStack, deployed: DeployedStack | None, confirm: str = "") -> list[str]:
    """Return why not to deploy; nothing if all is well. ``confirm``: words with commas or spaces between them."""
    if synthesised.is_example:
        return [EXAMPLE_REFUSED]
    confirmed = _words(confirm)
    reasons = [
        f"CONFIRM={word} confirms nothing: {', '.join(CONFIRMATIONS)} do" for word in confirmed - {*CONFIRMATIONS}
    ]
    if synthesised.stage is Stage.RECOMMEND and synthesised.unheard and SILENT not in confirmed:
        reasons.append(f"{NOBODY_TOLD}. If nobody is to be told: make deploy {_confirming(confirmed, SILENT)}")
    return reasons + _another_key(synthesised, deployed) + _wrong_step(synthesised, deployed, confirmed)


def warnings(synthesised: SynthesisedStack, confirm: str = "") -> list[str]:
    """Return what is let through, but should be known."""
    early = synthesised.stage is not Stage.RECOMMEND and synthesised.unheard and SILENT not in _words(confirm)
    hotfix = HOTFIX in _words(confirm)
    return ([f"{NOBODY_TOLD}; stage recommend asks for it"] if early else []) + ([AT_ONCE] if hotfix else [])


def _words(confirm: str) -> Set[str]:
    return {word for word in re.split(r"[,\s]+", confirm) if word}


def _confirming(confirmed: Set[str], word: str) -> str:
    """Return how to confirm this, too."""
    return f"CONFIRM={','.join(sorted({*confirmed, word} & {*CONFIRMATIONS}))}"


def _wrong_step(synthesised: SynthesisedStack, deployed: DeployedStack | None, confirmed: Set[str]) -> list[str]:
    """Return why this stage can't follow what is deployed. With given Personalize resources only going back matters."""
    found = []
    if synthesised.paused and (not deployed or deployed.stage is not Stage.RECOMMEND):
        state = f"at stage {deployed.stage}" if deployed else "not deployed yet"
        found.append(
            f"broker:paused takes the campaign out of a stack at stage recommend, and {synthesised.stack} is {state}: "
            "set it to false"
        )
    if deployed and synthesised.stage.step < deployed.stage.step and DOWNGRADE not in confirmed:
        found.append(
            f"{synthesised.stack} is deployed at stage {deployed.stage}; going back to {synthesised.stage} deletes "
            f"{_lost(synthesised.stage, deployed.stage)}. If that is meant: make deploy "
            f"{_confirming(confirmed, DOWNGRADE)}"
        )
    if synthesised.trains and not deployed:
        found.append(
            f"{synthesised.stack} is not deployed yet: begin with stage collect, and train when there are "
            "1000 interactions"
        )
    if synthesised.trains and not synthesised.serves and deployed and deployed.stage is Stage.COLLECT:
        found += [
            f"{missing} to train on: wait for more, or bring history by ./broker backfill; ./broker status counts them"
            for missing in deployed.counts.missing()
        ]
    if synthesised.serves and deployed and "ACTIVE" not in deployed.versions:
        states = ", ".join(deployed.versions) or "none: deploy stage train, and wait for its first training"
        found.append(f"there is no ACTIVE solution version to make a campaign of (versions: {states})")
    if synthesised.stage is Stage.RECOMMEND and deployed and deployed.empty_secret:
        found.append(
            "mParticle's secret is empty; put the custom feed's pair in: ./broker secret --aws --secret-id "
            f"{deployed.empty_secret}"
        )
    return found


def _another_key(synthesised: SynthesisedStack, deployed: DeployedStack | None) -> list[str]:
    """Return a problem where a dataset group would get another key: it would be replaced, with all that is in it."""
    if not deployed or not synthesised.creates or deployed.kms_key == synthesised.kms_key:
        return []
    before, now = deployed.kms_key or "empty", synthesised.kms_key or "empty"
    return [
        f"broker:kms_key was {before} at the first deployment, and is {now}: a dataset group's key can't be changed, "
        "and CloudFormation would replace the group with all its data. Set it back, or deploy another stack by another "
        "broker:name"
    ]


def _lost(target: Stage, deployed: Stage) -> str:
    lost = ["the solution with all its trained models"] if target is Stage.COLLECT else []
    return " and ".join((["the campaign and the refresh queues"] if deployed is Stage.RECOMMEND else []) + lost)


def read_assembly(folder: Path) -> SynthesisedStack:
    """Read the one stack of a synthesised application."""
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
    stack = next(artifact for artifact in artifacts.values() if artifact["type"] == "aws:cloudformation:stack")[
        "properties"
    ]
    template = json.loads((folder / stack["templateFile"]).read_text())
    types = {resource["Type"] for resource in template["Resources"].values()}
    alarms = _alarms_to_be_heard(template["Resources"])
    actions = [action for alarm in alarms for action in alarm.get("AlarmActions", [])]
    return SynthesisedStack(
        stack=stack["stackName"],
        stage=Stage(template["Outputs"]["Stage"]["Value"]),
        is_example=EXAMPLE_RULE in template.get("Rules", {}),
        trains="AWS::Personalize::Solution" in types,
        serves="AWS::Personalize::Campaign" in types,
        unheard=tuple(alarm["AlarmName"] for alarm in alarms if not alarm.get("AlarmActions")),
        topics=tuple(sorted({action for action in actions if isinstance(action, str)})),
        creates="AWS::Personalize::DatasetGroup" in types,
        kms_key=template["Outputs"].get("KmsKey", {}).get("Value"),
        reserved_concurrency=_reserved(template),
        paused="Paused" in template["Outputs"],
    )


def _alarms_to_be_heard(resources: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the properties of all alarms but those of which a composite alarm tells, or which CodeDeploy looks at."""
    pages = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::CloudWatch::CompositeAlarm"]
    rules = json.dumps([page["AlarmRule"] for page in pages])
    rollback = _rollback_alarms(resources)
    alarms = {id: one["Properties"] for id, one in resources.items() if one["Type"] == "AWS::CloudWatch::Alarm"}
    return pages + [alarm for id, alarm in alarms.items() if f'"{id}"' not in rules and id not in rollback]


def _reserved(template: Mapping[str, Any]) -> int | None:
    """Return the concurrency that a function reserves, if one does."""
    functions = [one for one in template["Resources"].values() if one["Type"] == "AWS::Lambda::Function"]
    return next((n for one in functions if (n := one["Properties"].get("ReservedConcurrentExecutions"))), None)


def _rollback_alarms(resources: Mapping[str, Any]) -> Set[str]:
    """Return the logical ids of the alarms that only CodeDeploy looks at."""
    groups = [one for one in resources.values() if one["Type"] == "AWS::CodeDeploy::DeploymentGroup"]
    return {alarm["Name"]["Ref"] for group in groups for alarm in group["Properties"]["AlarmConfiguration"]["Alarms"]}


def look_at(stack: str, client: Callable[[str], Any], *, count: bool = True) -> DeployedStack | None:
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
    counts = from_aws(client, Names(stack), outputs) if count and stage is Stage.COLLECT else InteractionCounts()
    return DeployedStack(
        stage, _versions(outputs, client), _empty_secret(outputs, client), counts, kms_key=outputs.get("KmsKey")
    )


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
    parser.add_argument(
        "--confirm", default="", help="; ".join(f"{word}: {what}" for word, what in CONFIRMATIONS.items())
    )
    parser.add_argument(
        "--profile", help="AWS profile, as cdk's option of this name; cdk's other options are passed over"
    )
    options, _ = parser.parse_known_args(arguments)
    synthesised = read_assembly(options.assembly)
    reasons = (
        problems(synthesised, None)
        if synthesised.is_example
        else _look_and_decide(synthesised, options.confirm, options.profile)
    )
    if estimate := read_estimate(options.assembly):
        print(estimate, file=sys.stderr)  # noqa: T201
    for warning in warnings(synthesised, options.confirm):
        print(f"Warning: {warning}", file=sys.stderr)  # noqa: T201
    for problem in reasons:
        print(f"Not deployed: {problem}", file=sys.stderr)  # noqa: T201
    return 2 if reasons else 0


def _look_and_decide(synthesised: SynthesisedStack, confirm: str, profile: str | None) -> list[str]:
    try:
        session = boto3.Session(profile_name=profile, region_name=region_of_environment())
        nowhere = without_personalize(session.region_name) if synthesised.creates else []
        if nowhere:  # Personalize need not be there to be asked
            return nowhere
        deployed = look_at(synthesised.stack, session.client, count=synthesised.trains)
        room = reserved_concurrency_problems(synthesised.stack, synthesised.reserved_concurrency, session.client)
    except (BotoCoreError, ClientError) as error:
        return [f"could not ask AWS what is deployed: {error}"]
    regions = {arn: region_of(arn) for arn in synthesised.topics}
    return out_of_reach(regions, session.region_name) + room + problems(synthesised, deployed, confirm)


if __name__ == "__main__":
    sys.exit(main())
