"""What is written in one turn of the event loop goes out in one write, and nothing is lost when a connection closes."""

import asyncio
from typing import Any

import pytest

from personalize_local.one_write import OneWrite


class Recorder:
    """What a transport is asked for."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.closing = False

    def write(self, data: bytes) -> None:
        self.done.append(data)

    def close(self) -> None:
        self.done.append("closed")

    def is_closing(self) -> bool:
        return self.closing

    def get_extra_info(self, name: str) -> str:
        return f"about {name}"


async def played(recorder: Recorder, *turns: list[Any]) -> list[Any]:
    """Write each turn's data, None closes; return what the transport was asked for."""
    transport = OneWrite(recorder, asyncio.get_running_loop())  # type: ignore[arg-type]
    assert transport.get_extra_info("peername") == "about peername"
    for turn in turns:
        for data in turn:
            transport.close() if data is None else transport.write(data)
        await asyncio.sleep(0)
    return recorder.done


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([[b"a", b"b"], [b"c"]], [b"ab", b"c"]),
        ([[b"a", b"b", None]], [b"ab", "closed"]),
        ([[None]], ["closed"]),
    ],
)
def test_one_turn_is_one_write(turns: list[list[Any]], expected: list[Any]) -> None:
    assert asyncio.run(played(Recorder(), *turns)) == expected


def test_what_is_written_now_follows_what_was_written_before() -> None:
    async def written() -> list[Any]:
        recorder = Recorder()
        transport = OneWrite(recorder, asyncio.get_running_loop())  # type: ignore[arg-type]
        transport.write(b"a")
        transport.write_now(b"b")
        transport.write(b"c")
        await asyncio.sleep(0)
        return recorder.done

    assert asyncio.run(written()) == [b"a", b"b", b"c"]


def test_nothing_is_written_to_a_connection_that_is_gone() -> None:
    recorder = Recorder()
    recorder.closing = True
    assert asyncio.run(played(recorder, [b"a"])) == []
