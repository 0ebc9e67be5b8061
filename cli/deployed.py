"""The deployed broker that `verify`, `why` and `failures` ask about, and how they read profiles at mParticle."""

import os

import click
import requests
from broker.environment_reader import SettingsError

from cli import connection
from diagnosis import deployment
from diagnosis.deployment import Deployment
from diagnosis.profile_api import API_URL, AUTH_URL, ProfileApi
from local_stack.mparticle.profile_api import CLIENT_ID, CLIENT_SECRET

LOCAL_WORKSPACE = "org/account/workspace"
OF_PROFILE_API = ("PROFILE_API_CLIENT_ID", "PROFILE_API_CLIENT_SECRET", "PROFILE_API_WORKSPACE")


def broker(target: connection.Target) -> Deployment:
    """Return what is deployed, with settings that can be read. Raises click.ClickException, ClientError."""
    found = functions(target)
    try:
        _ = found.ingest_settings, found.refresh_settings
    except SettingsError as error:
        raise click.ClickException(f"{error}: make deploy restores the variables") from None
    return found


def functions(target: connection.Target) -> Deployment:
    """Return what is deployed, whatever its settings are. Raises click.ClickException, ClientError."""
    if target.local_url:
        found = deployment.from_local(target.client, target.local_values)
        missing = "no functions are running there: ./broker serve starts all services"
    else:
        found = deployment.from_aws(target.client, target.outputs)
        missing = f"no stack {target.names.broker} is deployed here: make deploy, or give --name"
    if found is None:
        raise click.ClickException(missing)
    return found


def refuse_paused(target: connection.Target, command: str) -> None:
    """Refuse a command that asks the campaign, while there is none. Raises click.ClickException."""
    if "Paused" in target.outputs:
        raise click.ClickException(f"the broker is paused, and has no campaign: ./broker resume, then {command}")


def profile_api(target: connection.Target) -> ProfileApi | None:
    """Return the Profile API by the credentials in the environment, None without them. Raises click.UsageError.

    They are not options, which the shell's history and the list of processes would show.
    """
    session = requests.Session()
    if target.local_url:
        session.trust_env = False
        url = target.local_values["MPARTICLE_URL"]
        return ProfileApi(session, CLIENT_ID, CLIENT_SECRET, LOCAL_WORKSPACE, auth_url=url, api_url=url)
    client_id, client_secret, workspace = (os.environ.get(name, "") for name in OF_PROFILE_API)
    missing = [name for name in OF_PROFILE_API if not os.environ.get(name)]
    if len(missing) == len(OF_PROFILE_API):
        return None
    if missing or workspace.count("/") != 2:
        wrong = f"{missing[0]} is missing" if missing else "PROFILE_API_WORKSPACE must be ORG/ACCOUNT/WORKSPACE"
        raise click.UsageError(f"{wrong}: mParticle's Profile API is read by {', '.join(OF_PROFILE_API)}")
    auth_url = os.environ.get("PROFILE_API_AUTH_URL", AUTH_URL)
    api_url = os.environ.get("PROFILE_API_URL", API_URL)
    return ProfileApi(session, client_id, client_secret, workspace, auth_url=auth_url, api_url=api_url)
