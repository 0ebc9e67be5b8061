"""Server-sent events: parts of a page, as they change (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

import asyncio
from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse

SILENCE = 10.0  # seconds after which a comment says that the connection is alive


def response(parts: AsyncIterator[tuple[str, str]]) -> StreamingResponse:
    """Return an answer that sends the name and the HTML of each part."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_messages(parts), media_type="text/event-stream", headers=headers)


async def _messages(parts: AsyncIterator[tuple[str, str]]) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    coming = asyncio.ensure_future(anext(parts))
    try:
        while True:
            done, _ = await asyncio.wait([coming], timeout=SILENCE)
            if not done:
                yield ": alive\n\n"
                continue
            yield message(*coming.result())
            coming = asyncio.ensure_future(anext(parts))
    except StopAsyncIteration:
        return
    finally:
        coming.cancel()


def message(name: str, html: str) -> str:
    """Return one event."""
    data = "".join(f"data: {line}\n" for line in html.splitlines())
    return f"event: {name}\n{data}\n"
