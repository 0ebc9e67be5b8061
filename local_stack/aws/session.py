"""AWS clients for local code: an explicit endpoint, dummy keys, and nothing of the user's AWS configuration."""

import functools
import os
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.loaders import Loader, create_loader

from local_stack.aws import REGION


def local_session() -> boto3.Session:
    """Return a session that ignores AWS_PROFILE, ~/.aws and every other AWS variable of the environment."""
    # Without their names in files and environment, only the defaults and the overrides below count.
    unnamed = {
        name: (None, None, default, convert)
        for name, (_, _, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    }
    overrides = {"config_file": os.devnull, "credentials_file": os.devnull, "region": REGION}
    core = botocore.session.Session(
        session_vars=unnamed | {name: (None, None, value, None) for name, value in overrides.items()}
    )
    core.set_credentials("local", "local")
    core.register_component("data_loader", _service_models())
    return boto3.Session(botocore_session=core, region_name=REGION)


@functools.cache
def _service_models() -> Loader:
    """Return what reads botocore's service models: most of what a client costs, so each is read once a process."""
    return create_loader()


def local_client(service: str, endpoint: str, *, timeout: float = 10.0, connections: int = 10) -> Any:
    """Return a client for one service at ``endpoint``, without a proxy and without botocore's retries.

    ``timeout``: seconds for reading an answer. Errors are raised at once: the callers have their own retry rules.
    """
    config = Config(
        connect_timeout=2.0,
        read_timeout=timeout,
        retries={"total_max_attempts": 1},
        proxies={},
        max_pool_connections=connections,
        s3={"addressing_style": "path"},
    )
    return local_session().client(service, endpoint_url=endpoint, config=config)
