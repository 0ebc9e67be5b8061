"""A keyed hash of an mpid. Whoever has the key can test a guess, so it is personal data as long as the key exists."""

import hashlib
import hmac

LENGTH = 32  # hexadecimal digits: 16 bytes, as many as tell all users apart


def keyed_hash(key: bytes, mpid: int) -> str:
    """Return the hash of a user under a key, in hexadecimal."""
    return hmac.new(key, str(mpid).encode(), hashlib.sha256).hexdigest()[:LENGTH]
