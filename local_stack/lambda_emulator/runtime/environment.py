"""The environment variables that Lambda sets for a function, without any of this process.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local_stack.aws import ACCOUNT, REGION


@dataclass(frozen=True)
class FunctionSettings:
    """The settings of a function: name, handler, code and limits (``timeout`` in seconds, ``memory`` in MB)."""

    name: str
    handler: str
    code_dir: Path
    timeout: float = 30.0
    memory: int = 256

    @property
    def arn(self) -> str:
        """Return the function's ARN."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"


def function_environment(
    settings: FunctionSettings, own: Mapping[str, str], runtime_api: str, instance: str
) -> dict[str, str]:
    """Return the environment of a function's process: Lambda's variables, dummy keys, the function's ``own`` variables.

    The user's ~/.aws and the system's proxy are disabled: Lambda has neither.
    """
    return {
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_LAMBDA_FUNCTION_NAME": settings.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(settings.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{settings.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"local/[$LATEST]{instance}",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "_HANDLER": settings.handler,
        "LAMBDA_TASK_ROOT": str(settings.code_dir),
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": os.defpath,
    } | dict(own)
