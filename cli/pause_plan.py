"""What pausing or resuming a broker changes: the setting, the bill, and the deployment that does it."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from cli.settings_file import SettingsFile
from infra.cost.bill import Bill, Item, bill, money
from infra.cost.prices import Prices
from infra.cost.traffic import Traffic
from infra.settings import Settings

STAYS = (
    "Stays as it is: the stream and what is on it, the dataset group, the event tracker, the solution and its models, "
    "the queues, the table of refresh, the secret, and the lists on profiles (--clear takes those off)."
)
WAITS = (
    "Users on the refresh queues wait for four days at most, then SQS deletes the request; ingest adds none. On resume "
    "they get a new list, and all others at their next event."
)
GIVEN = "The campaign is not of this stack (broker:tracking_id): it goes on costing until you delete it."
TRAINS = 'It goes on training, for which you pay; "broker:training_schedule": "off" ends that.'
COMES_BACK = "The campaign comes back under the same ARN, on the newest version of the solution."


@dataclass(frozen=True)
class PausePlan:
    """``paused``: what is wanted. ``settings`` with it; ``context``: more settings of the command line."""

    paused: bool
    settings: Settings
    file: SettingsFile
    context: Sequence[str]
    traffic: Traffic
    prices: Prices
    confirm: str
    ask_nothing: bool

    def bill(self, *, paused: bool) -> Bill:
        """Return the bill of a month in one of the states."""
        return bill(self.traffic, replace(self.settings, paused=paused), self.prices)

    def said(self) -> Iterator[str]:
        """Yield the plan for people."""
        before, after = self.bill(paused=not self.paused), self.bill(paused=self.paused)
        verb = "Pause" if self.paused else "Resume"
        yield f"{verb} {self.settings.name}: USD per month, prices of {self.prices.region}"
        yield f"{'':32}{'before':>12}{'after':>12}"
        for name, its_before, its_after in _changes(before, after):
            yield f"{name:32}{money(its_before):>12}{money(its_after):>12}"
        yield f"{'all of the broker':32}{money(before.total):>12}{money(after.total):>12}"
        yield f"At {self.traffic.events_per_second} events per second; ./broker cost has the items, by your traffic."
        yield from self._of_pause(after) if self.paused else [COMES_BACK]
        yield f"Setting: broker:paused becomes {str(self.paused).lower()} in {self.file.path.name}"
        yield f"Deployment: {shlex.join(self.command())}"

    def _of_pause(self, after: Bill) -> Iterator[str]:
        hourly = [f"{item.name} {money(item.usd)}" for item in after.items if _by_the_hour(item)]
        yield f"By the hour remains: {', '.join(hourly) or 'nothing'}. The broker goes on collecting."
        if any("training" in item.name for item in after.items):
            yield TRAINS
        yield GIVEN if self.settings.personalize.tracking_id else STAYS
        yield WAITS

    def command(self) -> list[str]:
        """Return the deployment, as `make deploy` is run. A stage in ``cdk.json`` may be an earlier one."""
        command = ["make", "--no-print-directory", "deploy", f"STAGE={self.settings.stage}"]
        if not self.file.is_json:
            command.append(f"SETTINGS={Path(self.file.path).resolve()}")
        if self.context:
            quoted = " ".join(f"-c {shlex.quote(pair)}" for pair in self.context)
            command.append(f"CONTEXT={quoted.replace('$', '$$')}")
        command += [f"CONFIRM={self.confirm}"] if self.confirm else []
        return command + (["FLAGS=--require-approval=never"] if self.ask_nothing else [])


def _changes(before: Bill, after: Bill) -> Iterator[tuple[str, Decimal | None, Decimal | None]]:
    """Yield what differs, the largest first; what is not there costs 0."""
    first, second = ({item.name: item.usd for item in each.items} for each in (before, after))
    for name in dict.fromkeys([*first, *second]):
        pair = first.get(name, Decimal(0)), second.get(name, Decimal(0))
        if pair[0] != pair[1]:
            yield name, *pair


def _by_the_hour(item: Item) -> bool:
    return ("hour" in item.unit and "training" not in item.name) or item.name == "Personalize campaign"
