"""A service on loopback that keeps the bytes of what it is sent, and answers as a test says; plain or over TLS."""

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Sent:
    """A request as it came; header names in lower case. ``connection`` counts them from 0."""

    connection: int
    line: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Sent, socket.socket], bool | None]  # answers; False where the connection is to be closed


def reply(body: bytes = b"{}", status: int = 200, headers: str = "", length: int | None = None) -> Answer:
    """Return what answers with a status, a body and header lines; ``length`` is the one that it claims."""
    head = f"HTTP/1.1 {status} Status\r\n{headers}Content-Length: {len(body) if length is None else length}\r\n\r\n"

    def answer(_: Sent, connection: socket.socket) -> bool:
        connection.sendall(head.encode() + body)
        return length is None

    return answer


def close(_: Sent, __: socket.socket) -> bool:
    """Close the connection without an answer."""
    return False


@dataclass
class Loopback:
    """A running service. Change ``answer`` at any time; ``sent`` is in the order of arrival."""

    port: int
    scheme: str
    answer: Answer = field(default_factory=reply)
    sent: list[Sent] = field(default_factory=list)
    connections: list[socket.socket] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def talk(self, number: int, connection: socket.socket) -> None:
        """Serve one connection until it ends."""
        with suppress(OSError), closing(connection), connection.makefile("rb") as stream:
            while line := stream.readline():
                headers: dict[str, str] = {}
                while (header := stream.readline().decode("latin-1").strip()) != "":
                    name, _, value = header.partition(":")
                    assert name.lower() not in headers, f"{name} came twice"
                    headers[name.lower()] = value.strip()
                body = stream.read(int(headers.get("content-length", "0")))
                self.sent.append(Sent(number, line.decode("latin-1").strip(), headers, body))
                if self.answer(self.sent[-1], connection) is False:
                    connection.shutdown(socket.SHUT_RDWR)
                    return

    def serve(self, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        """Accept connections until the listener is closed."""
        threads = []
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with suppress(OSError):  # a client that does not trust the certificate
                    connection = tls.wrap_socket(connection, server_side=True) if tls else connection
                    self.connections.append(connection)
                    number = len(self.connections) - 1
                    threads.append(threading.Thread(target=self.talk, args=(number, connection)))
                    threads[-1].start()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


@contextmanager
def loopback(tls: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    """Serve while the context lasts."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        service = Loopback(listener.getsockname()[1], "https" if tls else "http")
        thread = threading.Thread(target=service.serve, args=(listener, tls))
        thread.start()
        try:
            yield service
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


class Authority(NamedTuple):
    """A bundle that holds one certificate, and what a service needs that shows it."""

    bundle: Path
    tls: ssl.SSLContext


def authority(folder: Path, *names: str) -> Authority:
    """Make a certificate for the given host names and for 127.0.0.1, which is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.UTC)
    hosts = [*map(x509.DNSName, names), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    bundle, secret = folder / "bundle.pem", folder / "key.pem"
    bundle.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(bundle, secret)
    return Authority(bundle, tls)
