"""A network between a client and a server that fails: connections are cut, and the next few are refused."""

import socket
import socketserver
from contextlib import suppress
from threading import Lock, Thread
from typing import Self


class Proxy(socketserver.ThreadingTCPServer):
    """``with Proxy(port) as proxy`` forwards what comes to ``proxy.port``; ``accepted`` counts its connections."""

    daemon_threads = True

    def __init__(self, target: int) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.port, self.target = self.server_address[1], target
        self.accepted, self._to_refuse = 0, 0
        self._lock, self._sockets = Lock(), list[socket.socket]()

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.cut(0)
        self.server_close()

    def cut(self, refused: int) -> None:
        """Cut all connections; ``refused``: how many of those that are tried next come to nothing."""
        with self._lock:
            self._to_refuse, sockets, self._sockets = refused, self._sockets, []
        for one in sockets:
            _end(one)

    def takes(self, *both: socket.socket) -> bool:
        """Return whether a new connection is not to be refused, and count it. ``both``: its two ends."""
        with self._lock:
            if self._to_refuse:
                self._to_refuse -= 1
                return False
            self.accepted += 1
            self._sockets += both
            return True


class _Connection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        proxy = self.server
        assert isinstance(proxy, Proxy)
        with socket.create_connection(("127.0.0.1", proxy.target)) as there:
            if not proxy.takes(self.request, there):
                return
            back = Thread(target=_forward, args=(there, self.request))
            back.start()
            _forward(self.request, there)
            back.join()


def _forward(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):  # it is cut
        while data := source.recv(1 << 16):
            target.sendall(data)
    _end(target)


def _end(one: socket.socket) -> None:
    with suppress(OSError):  # its other end was first
        one.shutdown(socket.SHUT_RDWR)
