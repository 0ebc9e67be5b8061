"""The process of a local service: one loopback port, one line once it answers, an end with its parent.

A parent starts the process with a pipe as its standard output and reads one JSON line from it,
``{"url": "http://127.0.0.1:PORT"}``, once the port answers; everything else goes to standard error. Started with
``--with-parent`` and a pipe as standard input, the service also stops when that pipe closes, which it does when the
parent dies, however it dies: no orphan is left behind.
"""

import asyncio
import contextlib
import errno
import json
import signal
import socket
import sys

import uvicorn
from starlette.types import ASGIApp

from personalize_local.direct import DirectProtocol
from personalize_local.parent import stop_with_parent

LOOPBACK = "127.0.0.1"


class PortInUse(Exception):
    """Another program listens on the requested port."""


def listen(port: int, host: str = LOOPBACK) -> socket.socket:
    """Return a listening socket, on loopback by default; port 0 takes a free one. Raises PortInUse."""
    # The protocol is named because asyncio turns Nagle's delay (40 ms an answer) off only for sockets that name it.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise PortInUse(f"port {port} is in use or not allowed: choose another, or 0 for a free one") from error
        raise
    return listener


def announce(listener: socket.socket) -> None:
    """Print the service's URL for the parent, as one line of JSON."""
    host, port = listener.getsockname()
    print(json.dumps({"url": f"http://{host}:{port}"}), flush=True)  # noqa: T201


def serve(app: ASGIApp, *, host: str = LOOPBACK, port: int = 0, with_parent: bool = False) -> int:
    """Serve an ASGI application until SIGTERM, Ctrl-C or the parent's end; return the exit code (2: port in use)."""
    try:
        listener = listen(port, host)
    except PortInUse as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=DirectProtocol,
            ws="none",
            access_log=False,
            log_level="warning",
            timeout_graceful_shutdown=2,
            proxy_headers=False,
            server_header=False,
        )
    )
    if with_parent:
        stop_with_parent(lambda: setattr(server, "should_exit", True))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(server, listener))
    return 0


async def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    # A signal only asks: uvicorn raises it again after its own shutdown, which would end in a traceback or code 130.
    loop = asyncio.get_running_loop()
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, setattr, server, "should_exit", True)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if server.started:
        announce(listener)
    await serving
