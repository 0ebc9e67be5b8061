"""PutRecord on a local stream, the only Kinesis action that mParticle needs (its Kinesis event page)."""

import base64
import json
from collections.abc import Callable
from typing import NoReturn

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local_stack.mparticle.forwarding.forwarder import DeliveryFailed, Refused

_TARGET = {"X-Amz-Target": "Kinesis_20131202.PutRecord", "Content-Type": "application/x-amz-json-1.1"}
_TIMEOUT = urllib3.Timeout(connect=2, read=10)


def put_record(stream: str, endpoint: str, *, connections: int) -> Callable[[str, bytes], None]:
    """Return ``put(partition_key, data)`` for a stream at a local endpoint; it raises DeliveryFailed and Refused.

    Each record is tried once, for at most a few seconds; the forwarder retries. Signed by botocore but sent without its
    client, which takes most of an upload's processor time.
    """
    signer = SigV4Auth(Credentials("local", "local"), "kinesis", "us-east-1")
    pool = urllib3.connection_from_url(endpoint, maxsize=connections, block=True, timeout=_TIMEOUT, retries=False)
    url = f"{endpoint.rstrip('/')}/"

    def put(partition_key: str, data: bytes) -> None:
        record = {"StreamName": stream, "PartitionKey": partition_key, "Data": base64.b64encode(data).decode()}
        request = AWSRequest("POST", url, headers=_TARGET, data=json.dumps(record))
        signer.add_auth(request)
        try:
            answer = pool.urlopen("POST", "/", body=request.data, headers=dict(request.headers.items()))
        except urllib3.exceptions.HTTPError as error:
            raise DeliveryFailed(str(error)) from error
        if answer.status != 200:
            _raise(answer.status, answer.data)

    return put


def _raise(status: int, content: bytes) -> NoReturn:
    """Raise Refused for what another attempt can't change: in AWS, a record that is larger than its stream allows."""
    answer = f"{status} {content.decode(errors='replace')}"
    if status == 400 and b"ValidationException" in content and b"'data'" in content:
        raise Refused(answer)
    raise DeliveryFailed(answer)
