"""A keyed hash of a user's id. Whoever has the key can test a guess, so it is personal data while the key exists."""

import hmac

SIZE = 16  # bytes: two users never share one


def keyed_hash(key: bytes, user: int | str) -> bytes:
    """Return the hash of a user under a key: of an mpid, or of the id under which Personalize knows them."""
    return hmac.digest(key, str(user).encode("utf-8", "surrogatepass"), "sha256")[:SIZE]
