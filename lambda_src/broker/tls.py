"""The TLS context that all connections of a process share.

Reading a bundle of some 130 certificates takes longer than a request does, and boto3 and requests read theirs for every
connection.
"""

import functools
import ssl
import threading
from pathlib import Path

_lock = threading.Lock()


def tls_context(bundle: str) -> ssl.SSLContext:
    """Return a context that trusts a file, or a folder, of certificates, read once per process. Raises OSError."""
    with _lock:  # the first calls of a process come at the same time
        return _context(bundle)


@functools.cache
def _context(bundle: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks the certificate and the host's name
    if Path(bundle).is_dir():
        context.load_verify_locations(capath=bundle)
    else:
        context.load_verify_locations(cafile=bundle)
    return context
