"""A share of a processor, as a Lambda function has one: by a cgroup, where one may be made."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PERIOD = 100_000  # microseconds, the kernel's default
SHARES = {512: 0.289, 1024: 0.579, 1769: 1.0}  # by memory in MB: one processor at 1,769 MB (Lambda's guide, memory)
ROOT = Path("/sys/fs/cgroup")


@contextmanager
def processor_share(share: float | None, root: Path = ROOT) -> Iterator[Path | None]:
    """Make a cgroup whose processes have a share of one processor together, and remove it.

    None where none can be made, or no share is asked for.
    """
    group = _make(share, root) if share else None
    try:
        yield group
    finally:
        if group:
            with contextlib.suppress(OSError):  # a process has not gone yet
                group.rmdir()


def _make(share: float, root: Path) -> Path | None:
    name, quota = f"bench-{os.getpid()}", int(share * PERIOD)
    for parent, settings in (
        (root, {"cpu.max": f"{quota} {PERIOD}"}),
        (root / "cpu", {"cpu.cfs_period_us": str(PERIOD), "cpu.cfs_quota_us": str(quota)}),
    ):
        group = parent / name
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            for file, value in settings.items():
                if not (group / file).exists():
                    raise FileNotFoundError(file)
                (group / file).write_text(value)
        except OSError:
            with contextlib.suppress(OSError):
                group.rmdir()
            continue
        return group
    return None
