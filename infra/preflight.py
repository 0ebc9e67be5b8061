"""The functions' own check of their environment variables, asked before they are deployed with them."""

import re
from dataclasses import fields

from broker.environment_reader import SettingsError
from broker.settings import ingest_settings, refresh_settings

from blueprint.environments import FunctionConfig, ingest_environment, refresh_environment

# Resources that exist only later; any well-formed value will do.
_BUCKET, _TABLE = "some-bucket", "some-table"
_ARN = "arn:aws:{}:us-east-1:123456789012:{}"
_NAMES = re.compile(rf"\b({'|'.join(field.name.upper() for field in fields(FunctionConfig))})\b")


def problems_of_variables(options: FunctionConfig) -> list[str]:
    """Return what the functions would refuse at their first invocation, under the names of the settings."""
    ingest = ingest_environment(options, tracking_id="some-id", quarantine_bucket=_BUCKET)
    refresh = refresh_environment(
        options,
        campaign_arn=_ARN.format("personalize", "campaign/some"),
        mparticle_secret_arn=_ARN.format("secretsmanager", "secret:some"),
        quarantine_bucket=_BUCKET,
        state_table=_TABLE,
    )
    problems: list[str] = []
    for check, variables in ((ingest_settings, ingest), (refresh_settings, refresh)):
        try:
            check(variables)
        except SettingsError as error:
            problems += error.problems
    return [_NAMES.sub(lambda name: name[0].lower(), problem) for problem in problems]
