"""Lists off the profiles of the users in a file, for `./broker pause --clear`."""

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
from broker.clock import Clock
from broker.failures import Failure
from broker.json_values import int64
from broker.mparticle import MParticle, session
from broker.profile_state import ProfileStates
from broker.rate_limit import RateLimiter

from cli import connection, deployed, suppression
from cli.progress import WaitDisplay
from cli.user_ids import of_file
from seeding.clearing import OneRun, without_lists
from seeding.progress import Progress
from seeding.seeding import Feed, Interrupted, Seeding

UPLOADS_AT_ONCE = 10
SHARE = 0.2  # of mParticle's batches per second
CLOCK = Clock(time.time, time.sleep, random.random)
NO_REFRESH = "there is no refresh here, whose table and key are needed: deploy the stage recommend first"
NO_LIST = (
    "there is no suppression list here, so that a write would bring erased users back: set broker:suppression_list to "
    "true, and deploy (docs/privacy.md)"
)


def users_of(path: Path) -> list[int]:
    """Return the users of a file, an id a line. Raises click.UsageError."""
    users = {user: int64(user) for user in of_file(path)}
    wrong = [user for user, mpid in users.items() if mpid is None]
    if wrong:
        raise click.UsageError(f"{path}: {wrong[0]} is no mParticle id (a 64-bit number)")
    return [mpid for mpid in users.values() if mpid is not None]


def clear(target: connection.Target, users: Sequence[int]) -> dict[str, int]:
    """Take the lists off, at a fifth of mParticle's limit; return how many users came to which end.

    Raises click.ClickException, ClientError.
    """
    refresh, suppressed = deployed.broker(target).refresh_settings, suppression.store(target)
    if refresh is None:
        raise click.UsageError(NO_REFRESH)
    if suppressed is None:
        raise click.UsageError(NO_LIST)
    rate, now = SHARE * refresh.mparticle_batches_per_second, time.time()
    mparticle = MParticle(
        session(UPLOADS_AT_ONCE),
        refresh.mparticle_url,
        lambda: target.client("secretsmanager"),
        refresh.mparticle_secret_arn,
        CLOCK,
        RateLimiter(rate, 1, CLOCK),
    )
    with (
        WaitDisplay() as waiting,
        ThreadPoolExecutor(UPLOADS_AT_ONCE, "state") as pool,
        ThreadPoolExecutor(UPLOADS_AT_ONCE, "upload") as up,
    ):

        def show(progress: Progress) -> None:
            waiting.tell("taking lists off", f"{progress.done:,} of {len(users):,}")

        clearing = Seeding(
            Feed(mparticle, refresh.environment, rate, refresh.probe_mpid),
            ProfileStates(target.client("dynamodb"), refresh.state_table, pool, CLOCK),
            OneRun(),
            suppressed,
            up,
            CLOCK,
            known_until=now,
            clears=True,
            show=show,
        )
        try:
            return dict(clearing.run(lambda: without_lists(users, now)).counts)
        except (Interrupted, Failure) as error:
            raise click.ClickException(f"{error}: run it again, from the beginning") from None
