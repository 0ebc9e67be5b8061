"""The local mParticle that pages talk to, and the stream behind it."""

from collections.abc import Iterator

import pytest

from local_stack.process import ServiceProcess, start_service
from tests.clients.clients import require_installed
from tests.local_stack.mparticle.stream import Stream, served_stream


@pytest.fixture(scope="module")
def stream() -> Iterator[Stream]:
    require_installed()
    with served_stream() as stream:
        yield stream


@pytest.fixture(scope="module")
def mparticle(stream: Stream) -> Iterator[ServiceProcess]:
    arguments = ["--stream", "events", "--kinesis-endpoint", stream.url, "--forward-copies", "0"]
    with start_service("local_stack.mparticle", arguments) as running:
        yield running


@pytest.fixture(scope="module")
def host(mparticle: ServiceProcess) -> str:
    """Return where the local mParticle is, as the SDK wants it: without a scheme."""
    return mparticle.url.removeprefix("http://")
