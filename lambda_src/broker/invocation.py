"""One invocation of a function: its counts, and what operators are told when it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from broker.environment_reader import SettingsError
from broker.failures import Misconfigured, described
from broker.settings import counts_by_version
from broker.telemetry import Counts, telemetry


class InvocationFailed(Exception):
    """An exception that nobody foresaw, by its type and place: Lambda logs the message of what a function raises."""


@contextmanager
def invocation(context: Any) -> Iterator[Counts]:
    """Yield the counts of an invocation, and publish them when it ends; ``context`` is Lambda's.

    Misconfigured and SettingsError are raised as they are, every other exception as InvocationFailed: its own message
    may repeat what was read.
    """
    counts, operators = Counts(), telemetry(context.function_name, counts_by_version())
    try:
        yield counts
    except (Misconfigured, SettingsError) as error:
        operators.misconfigured(error, context)
        raise
    except Exception as error:
        operators.failed(error, context)
        raise InvocationFailed(described(error)) from None
    finally:
        operators.publish(counts, context)
