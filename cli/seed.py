"""`./broker seed`: lists for users who do not act, by a batch inference job and silent uploads at a set share."""

import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from broker.clock import Clock
from broker.failures import Failure
from broker.interactions import Rules
from broker.mparticle import MParticle, session
from broker.profile_state import KEPT, ProfileStates
from broker.rate_limit import RateLimiter
from broker.reasons import SkipReason
from broker.settings import RefreshSettings
from broker.suppression_store import SuppressionStore

from cli import connection, deployed, place, suppression
from cli.console import emit
from cli.errors import Refused, service_errors
from cli.history_files import gather
from cli.options import pairs, price_option
from cli.progress import WaitDisplay
from cli.seed_plan import Part, SeedPlan, report
from cli.types import Amount, Days
from infra.cost.prices import Prices, PricesError, read_prices
from lifecycle import batch, resource_types
from lifecycle.bucket import Bucket
from lifecycle.resources import Resources
from personalize_data.consent import Consent
from personalize_data.errors import BadFile
from personalize_data.plan import Source
from personalize_data.table import MappingError
from personalize_data.times import UNITS
from seeding import customers, jobs, lists, targets
from seeding.customers import TIME, USER, Columns
from seeding.progress import Progress, ProgressStore, Taken
from seeding.seeding import Feed, Interrupted, Seeding
from seeding.targets import NoModel, Targets

DAY = 86_400
UPLOADS_AT_ONCE = 10
CLOCK = Clock(time.time, time.sleep, random.random)
NO_REFRESH = "there is no refresh here, whose campaign and profiles seed would use: deploy the stage recommend first"
NO_LIST = (
    "there is no suppression list here, so that seed would bring erased users back: set broker:suppression_list to "
    "true, and deploy (docs/privacy.md)"
)
GO_ON = "run the same command again to go on"
FOREVER = suppression.FOREVER


@click.command("seed", short_help="Lists for users who do not act.")
@click.argument("files", nargs=-1, required=True, metavar="FILE|S3…")
@click.option("--active-days", type=Days(0, min_open=True), default=30.0, show_default=True, help="Active since then.")
@click.option(
    "--share", type=Amount(100), default=20, show_default=True, help="Of mParticle's batches per second, in percent."
)
@click.option("--column", "columns", multiple=True, metavar="NAME=SOURCE", help="The file's USER_ID or TIMESTAMP.")
@click.option("--time-unit", type=click.Choice(UNITS), help="Of TIMESTAMP; default: what its first value can only be.")
@click.option("--consent", metavar="COLUMN", help="Of a table: only users with a yes here (true, 1).")
@click.option("--consent-given", is_flag=True, help="State that all users of the files have consented.")
@price_option
@click.option("--bucket", help="S3 bucket to go through; default: the stack's.")
@click.option("--role-arn", help="The role by which Personalize reads and writes it; default: the stack's.")
@click.option("--yes", is_flag=True, help="Do not ask before it costs money and writes profiles.")
@click.option("--dry-run", is_flag=True, help="Say who would get a list and what it costs; ask and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@place.options
def command(
    files: tuple[str, ...],
    *,
    active_days: float,
    share: float,
    columns: tuple[str, ...],
    time_unit: str | None,
    consent: str | None,
    consent_given: bool,
    prices_file: Path,
    bucket: str | None,
    role_arn: str | None,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    name: str | None,
    context: tuple[str, ...],
    aws: bool,
    local: bool,
) -> None:
    """Write lists onto the profiles of users who do not act, so that e-mail and push have one for them: the model
    answers a batch inference job, and the lists go to mParticle without an event.

    The files say who: ./broker export's interactions, a table of users or interactions (CSV or JSON rows), or
    mParticle's batch exports; plain, gzip, or s3://. A table needs USER_ID (the mParticle id) and TIMESTAMP (of an
    activity; the newest counts). --column names them where they are called otherwise.

    A user gets a list who was active in the last --active-days, is not on the suppression list, and has consented.
    Where broker:consent_purpose names a purpose, a batch's own consent state decides, and a table needs --consent
    COLUMN or --consent-given. Of several answers of a user the newest counts. With an experiment each gets the list of
    their variant, and the holdout none.

    A profile whose list was requested after the model was trained keeps it. --share limits the uploads. The cost is
    shown first. Interrupted, the same command goes on, and writes nothing twice. While a ./broker serve runs, say
    where: --aws or --local.

    \b
    Examples:
      ./broker export --out interactions.csv && ./broker seed interactions.csv --dry-run
      ./broker seed customers.csv --column USER_ID=mpid --column TIMESTAMP=last_seen --consent agreed
      ./broker seed s3://exports/2026-11/ --active-days 90 --share 50 --yes --aws

    Exit code: 0 done, 1 it failed or was interrupted, 2 wrong use.
    """
    read_columns = _columns(columns, time_unit, Consent(consent, consent_given))
    if not share:
        raise click.UsageError("--share must be above 0")
    try:
        prices = read_prices(prices_file)
    except PricesError as error:
        raise Refused(str(error)) from None
    target = place.find(name, context, aws=aws, local=local, verb="Seed", ask=not yes)
    with service_errors(), _seed_errors(), tempfile.TemporaryDirectory() as folder, WaitDisplay() as waiting:
        deployed.refuse_paused(target, "seed")
        broker = _broker(target)
        found = _targets(target, broker)
        files_bucket = target.bucket(bucket, role_arn)
        sources = gather(files, lambda: target.client("s3"), Path(folder), waiting)
        plan = _plan(target, broker, found, sources, read_columns, active_days, float(share) / 100, prices, waiting)
        seeder = _Seeder(target, broker, files_bucket, found, plan, waiting)
        seeder.recall()
        plan.estimate()
        if not (as_json and (yes or dry_run)):
            for line in plan.said():
                waiting.say(line)
        if not dry_run and plan.users:
            if not yes:
                _confirm(plan)
            seeder.run(Path(folder))
    outcome = plan.outcome(dry_run=dry_run)
    emit(outcome, as_json, lambda: click.echo("\n".join(report(outcome))))


@contextmanager
def _seed_errors() -> Iterator[None]:
    try:
        yield
    except (BadFile, MappingError) as error:
        raise click.UsageError(str(error)) from None
    except NoModel as error:
        raise click.ClickException(str(error)) from None
    except Taken:
        raise click.ClickException("another ./broker seed works on this job: wait for it, or end it") from None
    except (Interrupted, Failure) as error:
        raise click.ClickException(f"{error}: {GO_ON}") from None


@dataclass(frozen=True)
class Broker:
    """What is deployed, as far as a seeding needs it."""

    rules: Rules
    refresh: RefreshSettings
    suppressed: SuppressionStore


def _columns(given: tuple[str, ...], time_unit: str | None, consent: Consent) -> Columns:
    named = pairs("--column", given, "NAME=…", empty=False)
    unknown = [name for name in named if name not in (USER, TIME)]
    if unknown:
        raise click.UsageError(f"--column {unknown[0]}: only {USER} and {TIME} are read")
    return Columns(named.get(USER, USER), named.get(TIME, TIME), time_unit, consent)


def _broker(target: connection.Target) -> Broker:
    """Return what is deployed. Raises click.UsageError where a seeding could not or must not be done."""
    found = deployed.broker(target)
    store, refresh = suppression.store(target), found.refresh_settings
    if refresh is None:
        raise click.UsageError(NO_REFRESH)
    if store is None:
        raise click.UsageError(NO_LIST)
    return Broker(found.ingest_settings.rules, refresh, store)


def _targets(target: connection.Target, broker: Broker) -> Targets:
    found = targets.find(
        Resources(target.client("personalize")),
        broker.refresh.campaign_arn,
        broker.refresh.filter_arn,
        broker.refresh.experiment,
    )
    for one in found.targets:
        days = (time.time() - one.trained_at) / DAY
        if days * DAY >= KEPT:
            raise click.ClickException(
                f"the model was trained {days:.0f} days ago, and refresh remembers for {KEPT // DAY} days which list "
                f"is newer: ./broker train --recipe {one.recipe}, then seed"
            )
    return found


def _why_not(broker: Broker, found: Targets) -> customers.Leaves:
    suppressed = broker.suppressed.current(FOREVER)
    by_variant = targets.why_none(found)
    return lambda mpid: SkipReason.SUPPRESSED.value if suppressed.covers(mpid) else by_variant(mpid)


def _plan(
    target: connection.Target,
    broker: Broker,
    found: Targets,
    sources: Sequence[Source],
    columns: Columns,
    active_days: float,
    share: float,
    prices: Prices,
    waiting: WaitDisplay,
) -> SeedPlan:
    """Read the files; return who gets a list, by which job. Raises BadFile, MappingError, ClientError."""
    reading = waiting.bytes("reading", sum(source.path.stat().st_size for source in sources))
    activity = customers.read(sources, columns, broker.rules, time.time(), reading)
    chosen, left_out = customers.choose(activity, time.time() - active_days * DAY, _why_not(broker, found))
    # The time of now is no part of it: or the same command would be another seeding each time.
    identity = [sorted(source.identity for source in sources), active_days, repr(columns), repr(found.experiment)]
    return SeedPlan(
        place=target.place,
        parts=_parts(target, found, chosen, broker.refresh.num_results, identity),
        rate=share * broker.refresh.mparticle_batches_per_second,
        active_days=active_days,
        left_out=left_out,
        unread=activity.left_out,
        consent=columns.consent.as_json(broker.rules.consent_purpose),
        prices=prices,
        experiment=found.experiment.name if found.experiment else None,
        notes=columns.consent.notes(broker.rules.consent_purpose),
    )


def _parts(
    target: connection.Target, found: Targets, chosen: list[int], limit: int, identity: list[object]
) -> list[Part]:
    users: dict[int, list[int]] = {place_: [] for place_ in range(len(found.targets))}
    for mpid in chosen:
        its = found.of(mpid)
        if its:
            users[found.targets.index(its)].append(mpid)
    known = Resources(target.client("personalize")).all(resource_types.BATCH_JOB)
    parts = ((one, users[place_]) for place_, one in enumerate(found.targets) if users[place_])
    return [Part(one, jobs.decide(known, target.names, one, limit, identity), own) for one, own in parts]


def _confirm(plan: SeedPlan) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("this costs money and writes profiles: say --yes where nobody can be asked")
    click.confirm(f"Write the lists of {plan.users:,} users?", abort=True, err=True)


class _Seeder:
    """Runs the parts of a plan, one after the other."""

    def __init__(
        self,
        target: connection.Target,
        broker: Broker,
        bucket: Bucket,
        found: Targets,
        plan: SeedPlan,
        waiting: WaitDisplay,
    ) -> None:
        self._target, self._broker, self._bucket = target, broker, bucket
        self._found, self._plan, self._waiting = found, plan, waiting

    def recall(self) -> None:
        """Note how far earlier runs came. Raises Failure."""
        for part in self._plan.parts:
            if part.job.is_there:
                part.done = self._store(part).read(FOREVER)

    def run(self, folder: Path) -> None:
        """Ask the model, and write its lists. Raises CreationFailed, Interrupted, Taken, Failure, ClientError."""
        resources = Resources(self._target.client("personalize"), show=self._waiting.show)
        for part in self._plan.parts:
            asked = folder / batch.INPUT
            with asked.open("w", encoding="utf-8") as file:
                file.writelines(customers.job_input(part.users))
            batch.run(resources, self._bucket, part.job.job, asked)
            self._write(part, batch.download(self._bucket, part.job.job, folder))

    def _write(self, part: Part, answers: Path) -> None:
        def read() -> Iterator[lists.SeedList]:
            with answers.open(encoding="utf-8") as file:
                yield from lists.read(file, part.target.trained_at)

        refresh, rate = self._broker.refresh, self._plan.rate
        mparticle = MParticle(
            session(UPLOADS_AT_ONCE),
            refresh.mparticle_url,
            lambda: self._target.client("secretsmanager"),
            refresh.mparticle_secret_arn,
            CLOCK,
            RateLimiter(rate, 1, CLOCK),
        )
        # Two, so that claims are ended at once after Ctrl-C, while uploads still wait for their turn.
        with ThreadPoolExecutor(UPLOADS_AT_ONCE, "state") as pool, ThreadPoolExecutor(UPLOADS_AT_ONCE, "upload") as up:
            seeding = Seeding(
                Feed(mparticle, refresh.environment, rate, refresh.probe_mpid, refresh.profile_columns),
                ProfileStates(self._target.client("dynamodb"), refresh.state_table, pool, CLOCK),
                self._store(part),
                self._broker.suppressed,
                up,
                CLOCK,
                known_until=part.target.trained_at,
                belongs=lambda mpid: self._found.of(mpid) == part.target,
                variant_of=self._found.variant_of,
                show=lambda progress: self._tell(part, progress),
            )
            part.done = seeding.run(read)

    def _tell(self, part: Part, progress: Progress) -> None:
        self._waiting.tell("writing lists", f"{progress.done:,} of {len(part.users):,}")

    def _store(self, part: Part) -> ProgressStore:
        return ProgressStore(self._bucket.s3, self._bucket.name, part.job.progress_key, CLOCK)
