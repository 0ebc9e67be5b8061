"""`./broker COMMAND …` on a stack that runs in the test's own process, with what ``serve`` would export of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from click.testing import CliRunner, Result

from cli.__main__ import main
from cli.serve import exported
from local_stack.lambda_api import LambdaApi
from local_stack.stack import NAMES, Stack
from local_stack.stream_mappings import Start, StreamMappings

Broker = Callable[..., Result]


@contextmanager
def commands(stack: Stack, start_mapping: Start) -> Iterator[Broker]:
    """Return what runs a command; ``start_mapping`` is called for each mapping that one makes for ``rewind``."""
    rewind = stack.rewind.settings.name
    mappings = StreamMappings(stack.resources.stream_arn, {rewind: stack.rewind.arn}, start_mapping)
    with LambdaApi({**stack.functions, rewind: stack.rewind}, mappings=mappings) as api:

        def run(*arguments: object, name: str = NAMES.broker) -> Result:
            every = [*map(str, arguments), "--name", name, "--local"]
            return CliRunner(env=exported(stack, api.url)).invoke(main, every, catch_exceptions=False)

        yield run
