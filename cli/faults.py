"""`./broker faults`: makes the local services of a running `./broker serve` fail on purpose, and stop failing."""

import difflib
import os
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlencode, urlsplit

import botocore.session
import click
import requests
from broker.setting_types import LOOPBACK
from rich.console import Console
from rich.table import Table

from cli import local_env
from cli.console import emit
from faults.rules import FAULTS
from local_stack import loopback
from local_stack.mparticle.operations import OPERATIONS as MPARTICLE

# Service → the variable of .local.env with its address. moto's services are one process.
ADDRESSES = {"personalize": "AWS_ENDPOINT_URL_PERSONALIZE", "mparticle": "MPARTICLE_URL", "aws": "AWS_ENDPOINT_URL_S3"}
SERVED_BY = {**dict.fromkeys(("kinesis", "sqs", "s3", "dynamodb", "secretsmanager"), "aws"), "mparticle": "mparticle"}
PERSONALIZE = ("personalize", "personalize-events", "personalize-runtime")
EXAMPLES = """\b
Examples:
  ./broker faults add throttling personalize.PutEvents --chance 0.3 --for 20
  ./broker faults add invalid personalize.PutEvents --item LIG-1143   # one bad item: halved until it stands alone
  ./broker faults add invalid personalize.PutEvents                   # a wrong tracker: nothing is quarantined
  ./broker faults add unavailable mparticle.BulkUploadEvents --start 5 --for 10
  ./broker faults add entries sqs.SendMessageBatch --chance 0.5
  ./broker faults add reset personalize.PutEvents --late --every 3    # accepted, but the broker never hears of it
  ./broker faults list
  ./broker faults clear
"""
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")


@click.group("faults", short_help="Make the local services fail on purpose.", epilog=EXAMPLES)
def command() -> None:
    """Make the services of a running `./broker serve` fail on purpose, and watch what the broker makes of it.

    Faults act at once, add up, and last until their time is over, they are cleared, or `serve` ends.
    """


@command.command("add", epilog="\b\nFaults:\n" + "".join(f"  {name:12}  {what}\n" for name, what in FAULTS.items()))
@click.argument("fault", type=click.Choice(list(FAULTS)), metavar="FAULT")
@click.argument("operation", metavar="SERVICE.OPERATION")
@click.option("--chance", type=click.FloatRange(0, 1), help="The share of requests that fail; default: all.")
@click.option("--every", type=click.IntRange(1), metavar="N", help="Only every N-th request.")
@click.option("--times", type=click.IntRange(1), metavar="N", help="At most N requests, then no more.")
@click.option("--start", type=click.FloatRange(0), metavar="SECONDS", help="Begin so much later.")
@click.option("--for", "lasting", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="Last so long.")
@click.option("--user", multiple=True, help="Only requests that name this user (mpid); * stands for anything.")
@click.option("--item", multiple=True, help="Only requests that name this item.")
@click.option("--event", multiple=True, help="Only requests that name this event id.")
@click.option("--key", multiple=True, help="Only requests with this access key, or mParticle key.")
@click.option("--seconds", type=click.FloatRange(0), help="How long latency or hanging holds a request.")
@click.option("--status", type=click.IntRange(400, 599), help="The HTTP status, where it is not the usual one.")
@click.option("--retry-after", type=click.FloatRange(0), metavar="SECONDS", help="Say so in a Retry-After header.")
@click.option("--late", is_flag=True, help="Fail after the service has done its work, not before.")
@as_json
def add(fault: str, operation: str, *, as_json: bool, **conditions: Any) -> None:
    """Switch a fault on. SERVICE is personalize, mparticle, kinesis, sqs, s3 or secretsmanager; OPERATION is one of its
    operations as AWS calls it, or mParticle's UploadEvents, BulkUploadEvents, GetProfile or GetToken; or what a page's
    SDK asks of mParticle: UploadWebEvents, Identify, Login, Logout, Modify, Alias, GetConfig or Preflight; * for any.

    Exit code: 0 it is on, 1 no service answers, 2 wrong use.
    """
    rule = _rule(fault, operation, **conditions)
    service = _service_of(operation)
    answer = _call("POST", _urls()[service], json={"faults": [rule]})
    id_ = answer["added"][0]
    text = f"{id_} is on: {_words(rule)}\nends with: ./broker faults clear {id_}"
    emit({"id": id_, **rule}, as_json, lambda: click.echo(text))


@command.command("list")
@as_json
def list_(*, as_json: bool) -> None:
    """Show the faults that are on, how many requests each has met, and how many of them it made fail.

    Exit code: 0 shown, 1 no service answers.
    """
    faults = [fault for url in _urls().values() if url for fault in _call("GET", url)["faults"]]
    emit({"faults": faults}, as_json, lambda: _show(faults))


def _show(faults: list[dict[str, Any]]) -> None:
    if faults:
        Console(highlight=False).print(_table(faults))
    else:
        click.echo("no fault is on")


@command.command("clear")
@click.argument("ids", nargs=-1, metavar="[ID]…")
@as_json
def clear(ids: tuple[str, ...], *, as_json: bool) -> None:
    """Switch faults off: these, or all of all services.

    Exit code: 0 they are off, 1 no service answers, 2 there is no fault of that id.
    """
    query = "?" + urlencode([("id", id_) for id_ in ids]) if ids else ""
    cleared = [id_ for url in _urls().values() if url for id_ in _call("DELETE", url + query)["cleared"]]
    unknown = sorted(set(ids) - set(cleared))
    emit({"cleared": cleared, "unknown": unknown}, as_json, lambda: _show_cleared(cleared, unknown))
    if unknown:
        raise click.UsageError(f"there is no fault {', '.join(unknown)}")


def _show_cleared(cleared: list[str], unknown: list[str]) -> None:
    if cleared:
        click.echo(f"off: {', '.join(cleared)}")
    elif not unknown:
        click.echo("no fault was on")


def _rule(
    fault: str, operation: str, *, late: bool, start: float | None, lasting: float | None, **conditions: Any
) -> Any:
    """Return a fault as the services read it."""
    match = {subject: list(conditions.pop(subject)) for subject in ("user", "item", "event", "key")}
    fields = {
        **conditions,
        "match": {subject: patterns for subject, patterns in match.items() if patterns} or None,
        "from": start,
        "to": None if lasting is None else (start or 0) + lasting,
        "when": "after" if late else None,
    }
    return {
        "fault": fault,
        "operation": operation,
        **{name: value for name, value in fields.items() if value is not None},
    }


def _service_of(operation: str) -> str:
    prefix, dot, name = operation.partition(".")
    known = {"personalize": "personalize", **SERVED_BY}
    if not dot or not name or prefix not in known:
        raise click.UsageError(
            f"{operation} is no SERVICE.OPERATION, as personalize.PutEvents or sqs.*; services: {', '.join(known)}"
        )
    operations = _operations(prefix)
    if not any(fnmatchcase(candidate.lower(), name.lower()) for candidate in operations):
        close = difflib.get_close_matches(name, operations, n=1)
        meant = f"; did you mean {prefix}.{close[0]}?" if close else ""
        raise click.UsageError(f"{prefix} has no operation {name}{meant}")
    return known[prefix]


def _operations(service: str) -> list[str]:
    """Return the operations of a service: as AWS's own models have them, or mParticle's."""
    if service == "mparticle":
        return list(MPARTICLE)
    models = PERSONALIZE if service == "personalize" else (service,)
    session = botocore.session.get_session()
    return [operation for model in models for operation in session.get_service_model(model).operation_names]


def _urls() -> Mapping[str, str]:
    """Return the page of each service, empty where it is not running. Raises click.ClickException."""
    personalize = os.environ.get(ADDRESSES["personalize"], "")
    values = os.environ if urlsplit(personalize).hostname in LOOPBACK else local_env.running()
    if not values:
        raise click.ClickException("no ./broker serve is running: start it in another terminal first")
    addresses = {service: values.get(variable, "") for service, variable in ADDRESSES.items()}
    return {service: url and f"{url}/_local/faults" for service, url in addresses.items()}


def _call(method: str, url: str, **request: Any) -> Any:
    if not url:
        raise click.ClickException("that service is not running: ./broker serve without --only starts it")
    try:
        answer = loopback.call(method, url, timeout=10, **request)
    except requests.RequestException:
        raise click.ClickException("./broker serve does not answer: is it still starting, or gone?") from None
    if answer.status_code == 400:
        raise click.UsageError(answer.json()["message"])
    return answer.json()


def _table(faults: Iterable[Mapping[str, Any]]) -> Table:
    table = Table()
    columns: dict[str, Callable[[Mapping[str, Any]], str]] = {
        "id": lambda fault: fault["id"],
        "fault": _words,
        "met": lambda fault: f"{fault['met']:,}",
        "failed": lambda fault: f"{fault['struck']:,}",
        "": lambda fault: "over" if fault["over"] else "on",
    }
    for name in columns:
        table.add_column(name, justify="right" if name in ("met", "failed") else "left")
    for fault in faults:
        table.add_row(*(show(fault) for show in columns.values()))
    return table


def _words(rule: Mapping[str, Any]) -> str:
    phrases = [f"{rule['fault']} at {rule['operation']}"]
    phrases += [f"{subject} {' or '.join(patterns)}" for subject, patterns in rule.get("match", {}).items()]
    if "chance" in rule:
        phrases.append(f"{rule['chance']:.0%} of them")
    if "every" in rule:
        phrases.append(f"one in {rule['every']}")
    if "times" in rule:
        phrases.append(f"at most {rule['times']} times")
    if "from" in rule or "to" in rule:
        phrases.append(f"from {rule.get('from', 0):g} s" + (f" to {rule['to']:g} s" if "to" in rule else ""))
    phrases += [
        f"{name.replace('_', ' ')} {rule[name]:g}" for name in ("seconds", "status", "retry_after") if name in rule
    ]
    return ", ".join(phrases + (["after the work is done"] if rule.get("when") == "after" else []))
