"""S3 for jobs: a folder, or an S3 on this machine, with dummy keys and without the user's AWS configuration."""

import contextlib
import io
import ipaddress
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, EndpointConnectionError

from personalize_local.data.csv_rows import BadLine, read_table
from personalize_local.errors import JobFailed
from personalize_local.jobs import s3_folder
from personalize_local.jobs.s3_location import S3Object, parse

BUFFER = 1 << 20
CONFIG = Config(
    connect_timeout=2.0,
    read_timeout=60.0,
    retries={"total_max_attempts": 3},
    proxies={},
    s3={"addressing_style": "path"},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


def store_at(endpoint: str | None) -> "AnyStore":
    """Return the S3 at an endpoint, ``http://127.0.0.1:PORT`` or ``file:///FOLDER``. Raises JobFailed."""
    return s3_folder.FolderStore(str(endpoint)) if s3_folder.is_folder(endpoint) else Store(endpoint)


class Store:
    """The S3 at an endpoint. All methods raise JobFailed with a message that says what to do."""

    def __init__(self, endpoint: str | None) -> None:
        """``endpoint``: http://127.0.0.1:PORT. No request is sent yet."""
        self._endpoint = loopback(endpoint)
        self._client = _client(self._endpoint)

    def objects(self, location: str, *, subfolders: bool = False) -> list[S3Object]:
        """Return the object at a location, or all objects of a folder in the order of their keys (at least one).

        ``subfolders`` includes the folders below it (Amazon Personalize API, DataSource: deletion jobs read them,
        imports do not).
        """
        requested = parse(location)
        with self._failing(f"{requested.name} could not be read"):
            matches = self._one(requested) or self._below(requested, subfolders)
        if not matches:
            raise JobFailed(f"There is no object at {requested.name}")
        return matches

    @contextlib.contextmanager
    def open(self, stored: S3Object) -> Iterator[BinaryIO]:
        """Stream an object; only one buffer of it is in memory at a time."""
        with self._failing(f"{stored.name} could not be read"):
            body = self._client.get_object(Bucket=stored.bucket, Key=stored.key)["Body"]
            with contextlib.closing(body):
                yield io.BufferedReader(body, BUFFER)  # type: ignore[assignment]

    def put(self, stored: S3Object, content: BinaryIO) -> None:
        """Write an object as a whole or not at all."""
        with self._failing(f"{stored.name} could not be written"):
            self._client.put_object(Bucket=stored.bucket, Key=stored.key, Body=content)

    def _one(self, stored: S3Object) -> list[S3Object]:
        if not stored.key or stored.key.endswith("/"):
            return []
        try:
            head = self._client.head_object(Bucket=stored.bucket, Key=stored.key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            return []
        return [S3Object(stored.bucket, stored.key, head["ContentLength"])]

    def _below(self, stored: S3Object, subfolders: bool) -> list[S3Object]:
        prefix = stored.key if not stored.key or stored.key.endswith("/") else f"{stored.key}/"
        limits = {} if subfolders else {"Delimiter": "/"}
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=stored.bucket, Prefix=prefix, **limits)
        entries = [entry for page in pages for entry in page.get("Contents", ())]
        # Consoles mark an empty folder with an object named like it.
        return [
            S3Object(stored.bucket, entry["Key"], entry["Size"]) for entry in entries if not entry["Key"].endswith("/")
        ]

    @contextlib.contextmanager
    def _failing(self, failure: str) -> Iterator[None]:
        try:
            yield
        except (EndpointConnectionError, ConnectionError) as error:
            raise JobFailed(f"{failure}: no S3 answers at {self._endpoint}") from error
        except ClientError as error:
            raise JobFailed(f"{failure}: {_one_line(error.response['Error'].get('Message') or error)}") from error
        except BotoCoreError as error:
            raise JobFailed(f"{failure}: {_one_line(error)}") from error


AnyStore = Store | s3_folder.FolderStore


def loopback(endpoint: str | None) -> str:
    """Return an endpoint on this machine. Raises JobFailed if it is missing or on another machine."""
    if not endpoint:
        raise JobFailed(
            "No S3 is known: start the service with --s3-endpoint, one on this machine, or with --s3-folder"
        )
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local or parts.scheme not in ("http", "https"):
        raise JobFailed("The S3 endpoint must be on this machine, like http://127.0.0.1:PORT: no data leaves it")
    # Rebuilt from its parts, so that no other parser of the same text can see another host in it.
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")


def _client(endpoint: str) -> Any:
    # Without their names in files and environment, only the defaults and the overrides below count.
    unnamed = {
        name: (None, None, default, convert)
        for name, (_, _, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    }
    overrides = dict.fromkeys(("config_file", "credentials_file"), (None, None, "", None))
    session = botocore.session.Session(session_vars=unnamed | overrides)
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    return session.create_client("s3", "us-east-1", endpoint_url=endpoint, config=CONFIG, **keys)


def _one_line(message: object) -> str:
    return " ".join(str(message).split())[:300]


def read(store: AnyStore, stored: S3Object, names: Sequence[str], add: Callable[[list[str]], object]) -> int:
    """Call ``add`` with each row after the header, which has these names; return their number. Raises JobFailed."""
    with store.open(stored) as stream:
        try:
            return read_table(stream, names, add)
        except BadLine as error:
            raise JobFailed(f"{stored.name}, {error}") from error
