"""`./broker invoke --local`: sample batches through the real functions of a running `./broker serve`."""

import json
import time
from pathlib import Path
from typing import Any

import click
import requests

from cli.console import exact
from cli.invoke.report import answer, decoded, is_bad, text
from cli.local_env import read
from cli.records import kinesis_event, whole_files
from local_stack import loopback
from local_stack.aws.resources import messages_in
from local_stack.aws.session import local_client
from local_stack.items4u.client import Client, NotDelivered, mpid_as_text

WAIT_SECONDS = 60.0
LOOK_EVERY = 0.2
QUEUES = "REFRESH_QUEUE_URL", "PURCHASE_QUEUE_URL"


def invoke_local(files: tuple[Path, ...], as_json: bool) -> int:
    """Send the files to ``ingest`` as one event, wait for ``refresh``, print what came of it; return the exit code."""
    records = list(whole_files(files))
    serving = read()
    answered, failed = _invoke(serving["AWS_ENDPOINT_URL_LAMBDA"], kinesis_event(records))
    if not failed:
        _wait_for_refresh(serving)
    mparticle = Client(serving["MPARTICLE_URL"])
    batches = [(answer(found), found.name) for record in records for found in decoded(record)]
    for shown, name in batches:
        profile = _profile(mparticle, shown["mpid"]) if shown["interactions"] else None
        if as_json:
            click.echo(json.dumps(exact(shown | {"answer": answered, "profile": profile and mpid_as_text(profile)})))
        else:
            click.echo(text(shown, name))
            click.echo(f"  profile {json.dumps(profile, ensure_ascii=False)}" if profile else "  no profile")
    if not as_json:
        click.echo(f"ingest answered {json.dumps(answered)}")
    incomplete = failed or bool(answered.get("batchItemFailures"))
    return int(incomplete or any(is_bad(shown) for shown, _ in batches))


def _invoke(url: str, event: dict[str, object]) -> tuple[dict[str, Any], bool]:
    try:
        path = f"{url}/2015-03-31/functions/ingest/invocations"
        response = loopback.post(path, json=event, timeout=WAIT_SECONDS)
    except requests.RequestException:
        raise click.ClickException("./broker serve does not answer: is it still starting, or gone?") from None
    return response.json(), "X-Amz-Function-Error" in response.headers or response.status_code != 200


def _wait_for_refresh(serving: dict[str, str]) -> None:
    sqs = local_client("sqs", serving["AWS_ENDPOINT_URL"])
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        if all(messages_in(sqs, serving[name]) == 0 for name in QUEUES):
            return
        time.sleep(LOOK_EVERY)
    raise click.ClickException(f"the refresh queues are not empty after {WAIT_SECONDS:.0f} s")


def _profile(mparticle: Client, mpid: str) -> dict[str, Any] | None:
    try:
        return mparticle.profile(mpid)
    except NotDelivered:
        return None
