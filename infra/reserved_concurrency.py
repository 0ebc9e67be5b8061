"""Whether an account has room for the concurrency that ``ingest`` is to reserve."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from infra.protection import UNRESERVED


def reserved_concurrency_problems(stack: str, wanted: int | None, client: Callable[[str], Any]) -> list[str]:
    """Ask Lambda whether there is room for what is reserved. Raises ClientError."""
    if wanted is None:
        return []
    functions = client("lambda")
    unreserved = functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    return no_room(wanted, _held(stack, client, functions), unreserved)


def _held(stack: str, client: Callable[[str], Any], functions: Any) -> int:
    try:
        outputs = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return 0
        raise
    names = [output["OutputValue"] for output in outputs if output["OutputKey"] == "IngestFunction"]
    answers = [functions.get_function_concurrency(FunctionName=name) for name in names]
    return sum(answer.get("ReservedConcurrentExecutions", 0) for answer in answers)


def no_room(wanted: int | None, held: int, unreserved: int) -> list[str]:
    """Return a problem where reserved concurrency leaves too little; ``held``: what the function has of it already."""
    if wanted is None or unreserved + held - wanted >= UNRESERVED:
        return []
    most = unreserved + held - UNRESERVED
    lower = f"set at most {most}, or " if most > 0 else ""
    return [
        f"broker:reserved_concurrency {wanted} leaves {unreserved + held - wanted} concurrent invocations to the "
        f"account's other functions, and Lambda wants {UNRESERVED} of them: {lower}ask AWS for a higher quota"
    ]
