"""The settings that guard data and functions beyond what every stack has; each is off where it is not set."""

from dataclasses import dataclass
from typing import Any

from infra.context import Reader, arn, text, texts, whole

CREATE, MPARTICLE_ONLY = "create", "mparticle"
UNRESERVED = 100  # concurrent invocations that an account must leave to its other functions (Lambda quotas)

_HEX = "[0-9a-f]"
_key_arn = text(
    rf"arn:[\w-]+:kms:[a-z0-9-]+:\d{{12}}:key/(mrk-{_HEX}{{32}}|{_HEX}{{8}}(-{_HEX}{{4}}){{3}}-{_HEX}{{12}})",
    f"{CREATE}, or a key's ARN like arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
)
_role_arn = arn("iam", "role/")


@dataclass(frozen=True)
class Protection:
    """What guards data and functions; None where it is not set.

    ``kms_key``: CREATE, or the ARN of an existing key. ``stream_writers``: ARNs of the roles that may put records
    beside mParticle's; there may be none. ``reserved_concurrency``: of ``ingest``.
    """

    kms_key: str | None = None
    stream_writers: tuple[str, ...] | None = None
    access_log_bucket: str | None = None
    reserved_concurrency: int | None = None


def read_protection(read: Reader) -> Protection:
    """Read the four settings; what is wrong is among the reader's problems."""
    writers = read("stream_writers", texts(_writer), None)
    return Protection(
        kms_key=read("kms_key", _key, None),
        stream_writers=None if writers is None else tuple(one for one in writers if one != MPARTICLE_ONLY),
        access_log_bucket=read("access_log_bucket", text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket's name"), None),
        reserved_concurrency=read("reserved_concurrency", whole(1, 100_000), None),
    )


def key_elsewhere(protection: Protection, region: str | None) -> list[str]:
    """Return a problem if the key is in another region than the stack; ``region``: None where it is not known."""
    key = protection.kms_key or CREATE
    if key == CREATE or region is None or key.split(":")[3] == region:
        return []
    return [f"kms_key is in {key.split(':')[3]}, but the stack goes to {region}: name a key of that region"]


def _key(value: Any) -> str:
    return CREATE if str(value).lower() == CREATE else str(_key_arn(value))


def _writer(value: Any) -> str:
    if str(value).lower() == MPARTICLE_ONLY:
        return MPARTICLE_ONLY
    role = str(_role_arn(value))
    if "*" in role:
        raise ValueError(f"must name each role, without wildcards, not {value!r}")
    return role
