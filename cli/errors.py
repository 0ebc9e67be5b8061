"""Errors of services and of files, each turned into one line and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from personalize_data.errors import BadFile, InvalidRequest


class Refused(click.ClickException):
    """What was given can't be used: one line, exit code 2, so that 1 is left for a gate."""

    exit_code = 2


@contextmanager
def file_errors() -> Iterator[None]:
    """Turn what is wrong with files and questions into one line and exit code 2."""
    try:
        yield
    except (BadFile, InvalidRequest) as error:
        raise Refused(str(error)) from None
    except OSError as error:
        raise Refused(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from None


@contextmanager
def service_errors() -> Iterator[None]:
    """Turn what a service refuses, or does not answer, into one line and exit code 1."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError  # not for wrong use

    from lifecycle.resources import CreationFailed

    try:
        yield
    except CreationFailed as error:
        raise click.ClickException(str(error)) from None
    except ClientError as error:
        said = error.response["Error"]
        raise click.ClickException(f"{error.operation_name}: {said['Code']}: {said.get('Message', '')}") from None
    except NoCredentialsError:
        raise click.ClickException("no AWS credentials: log in, or set AWS_PROFILE") from None
    except BotoCoreError as error:
        raise click.ClickException(" ".join(str(error).split())) from None
