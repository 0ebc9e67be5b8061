"""What is deployed: the functions with their variables and logs, as Lambda has them and not as cdk.json says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from broker.settings import IngestSettings, RefreshSettings, ingest_settings, refresh_settings

Client = Callable[[str], Any]


@dataclass(frozen=True)
class DeployedFunction:
    """A function's name, its environment variables and its log group."""

    name: str
    variables: Mapping[str, str]
    log_group: str


@dataclass(frozen=True)
class Deployment:
    """A broker: ``refresh`` is None before the stage recommend, ``dead_letters_url`` where nobody names it."""

    stage: str
    stream: str
    ingest: DeployedFunction
    refresh: DeployedFunction | None
    dead_letters_url: str | None = None

    @property
    def ingest_settings(self) -> IngestSettings:
        """Return what ``ingest`` reads from its variables. Raises SettingsError."""
        return ingest_settings(self.ingest.variables)

    @property
    def refresh_settings(self) -> RefreshSettings | None:
        """Return what ``refresh`` reads from its variables, None where there is none. Raises SettingsError."""
        return refresh_settings(self.refresh.variables) if self.refresh else None


def from_aws(client: Client, outputs: Mapping[str, str]) -> Deployment | None:
    """Return what the outputs of a stack name, None where there is no broker. Raises ClientError."""
    ingest, refresh = outputs.get("IngestFunction"), outputs.get("RefreshFunction")
    if not ingest:
        return None
    return Deployment(
        stage=outputs["Stage"],
        stream=outputs["MParticleStreamName"],
        ingest=_function(client, ingest),
        refresh=_function(client, refresh) if refresh else None,
        dead_letters_url=outputs.get("DeadLettersUrl"),
    )


def from_local(client: Client, values: Mapping[str, str]) -> Deployment | None:
    """Return what a running `serve` exported, None where it runs Personalize alone. Raises ClientError."""
    if not values.get("STREAM_NAME"):
        return None
    return Deployment(
        stage="recommend" if values.get("CAMPAIGN_ARN") else "collect",
        stream=values["STREAM_NAME"],
        ingest=_function(client, "ingest"),
        refresh=_function(client, "refresh") if values.get("CAMPAIGN_ARN") else None,
        dead_letters_url=values.get("DEAD_LETTERS_URL"),
    )


def _function(client: Client, name: str) -> DeployedFunction:
    answer = client("lambda").get_function_configuration(FunctionName=name)
    variables = answer.get("Environment", {}).get("Variables", {})
    return DeployedFunction(name, variables, answer.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{name}"))
