"""What is known of one user: what came in, what Personalize took, what their list is, and when it was written.

Each fact says how sure it is. Amazon Personalize has no read by user, so some things nobody can know there.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from broker.clock import Clock
from broker.correlation import month_of, read_key
from broker.experiment import Variant
from broker.failures import Failure
from broker.keyed_hash import keyed_hash
from broker.profile_refresher import MAX_AGE
from broker.recommendations import digest, get_recommendations_request
from broker.record_log import RECORD, REFRESH
from broker.settings import RefreshSettings

from diagnosis.deployment import Client, DeployedFunction, Deployment
from diagnosis.function_logs import lines
from diagnosis.profile_api import ProfileApi, ProfileApiError
from lifecycle import state

KNOWN, INFERRED, UNKNOWN = "known", "inferred", "cannot be known"
CAME_IN, TAKEN, VARIANT, LIST, WRITTEN, WAITING = "came in", "taken", "variant", "list", "written", "waiting"
DAY = 86_400
QUEUE_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
NO_READ = "which events Personalize has of them: it has no read by user"
Events = Callable[[str], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Fact:
    """One line: what it is about, what it says, how sure that is, and where it is from."""

    about: str
    says: str
    certainty: str
    source: str


class Why:
    """The facts of one user. ``events``: the user's events in the local Personalize, None on AWS.

    ``days``: how far back log lines are looked for; None where they are not.
    """

    def __init__(
        self,
        client: Client,
        deployment: Deployment,
        mpid: int,
        *,
        clock: Clock,
        profile_api: ProfileApi | None = None,
        events: Events | None = None,
        days: int | None = None,
    ) -> None:
        self._client = client
        self._deployment = deployment
        self._mpid = mpid
        self._now = clock.now()
        self._profile_api = profile_api
        self._events = events
        self._days = days
        self._refresh = deployment.refresh_settings
        self._item: Mapping[str, Any] | None = None

    def facts(self) -> Iterator[Fact]:
        """Yield all facts, in the order of the flow. A source that does not answer is a fact of its own."""
        remembered = list(self._from(WRITTEN, "table of refresh", self._remembered))
        yield from self._from(CAME_IN, "log of ingest", self._came_in)
        yield from self._from(TAKEN, "Personalize", self._taken)
        if self._refresh is None:
            yield Fact(LIST, f"nobody has a list: the stage is {self._deployment.stage}", KNOWN, "stack")
            return
        yield from self._variant()
        yield from self._from(LIST, "Profile API", self._on_profile)
        yield from self._from(LIST, "campaign", self._from_campaign)
        yield from remembered
        if self._days is not None and self._deployment.refresh:
            yield from self._from(WRITTEN, "log of refresh", self._refreshes)
        yield from self._from(WAITING, "queues", self._waiting)

    def _from(self, about: str, source: str, read: Callable[[], Iterable[Fact]]) -> Iterator[Fact]:
        try:
            yield from read()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            yield Fact(about, f"not answered: {error.operation_name}: {code}", UNKNOWN, source)
        except (Failure, ProfileApiError) as error:
            yield Fact(about, f"not answered: {error}", UNKNOWN, source)
        except BotoCoreError as error:
            yield Fact(about, f"not answered: {type(error).__name__}", UNKNOWN, source)

    def _came_in(self) -> Iterator[Fact]:
        if self._days is None:
            if self._item:
                asked = _time(self._number("asked_at"))
                yield Fact(CAME_IN, f"an event that asks for a refresh, before {asked}", INFERRED, "table of refresh")
            else:
                yield Fact(CAME_IN, "which records are theirs: only --deep looks for them", UNKNOWN, "log of ingest")
            return
        yield from self._logged(
            CAME_IN,
            self._deployment.ingest,
            RECORD,
            lambda line: (
                f"{_time(line['arrived_ms'] / 1000)} {_counted(line['outcome'])} "
                f"({line['shard']}, {line['sequence_number']})"
            ),
        )

    def _refreshes(self) -> Iterator[Fact]:
        function = self._deployment.refresh
        if function:
            yield from self._logged(WRITTEN, function, REFRESH, _refresh_words)

    def _logged(
        self, about: str, function: DeployedFunction, message: str, words: Callable[[Mapping[str, Any]], str]
    ) -> Iterator[Fact]:
        """Yield a fact per log line of the user."""
        source, table = f"log of {function.name}", function.variables.get("CORRELATION_TABLE")
        if not table:
            yield Fact(about, "broker:record_logs is off, so no line is per record", UNKNOWN, source)
            return
        since = self._now - (self._days or 0) * DAY
        found = [
            line
            for id_ in self._correlation_ids(table, since)
            for line in lines(self._client("logs"), function.log_group, id_, since)
            if line.get("message") == message and line.get("correlation_id") == id_
        ]
        for line in found:
            yield Fact(about, words(line), KNOWN, source)
        if not found:
            yield Fact(about, f"no line since {_time(since)}", KNOWN, source)

    def _correlation_ids(self, table: str, since: float) -> list[str]:
        """Return the user's ids of the months since then, the oldest first, as far as their keys exist."""
        months = dict.fromkeys(month_of(since + day * DAY) for day in range((self._days or 0) + 1))
        keys = [read_key(self._client("dynamodb"), table, month) for month in months]
        return [keyed_hash(key, self._mpid).hex() for key in keys if key]

    def _taken(self) -> Iterator[Fact]:
        if self._events is None:
            yield Fact(TAKEN, NO_READ, UNKNOWN, "Amazon Personalize")
            return
        events = self._events(str(self._mpid))
        types = _counted(Counter(event["eventType"] for event in events))
        newest = f"; the newest is of {_time(max(event['sentAt'] for event in events))}" if events else ""
        yield Fact(
            TAKEN, f"{len(events)} events ({types}){newest}" if events else "no event", KNOWN, "local Personalize"
        )

    def _variant(self) -> Iterator[Fact]:
        """Say which variant a user is in, and which one the profile was told: the first decides."""
        experiment = self._of_refresh().experiment
        if experiment is None:
            return
        variant, written = experiment.variant_of(self._mpid), self._text("variant")
        says = f"{variant}, in the experiment {experiment.name} (epoch {experiment.epoch})"
        yield Fact(VARIANT, says, KNOWN, "hash of the id")
        if written:
            yield Fact(VARIANT, f"the profile was told {written} last", KNOWN, "table of refresh")

    def _on_profile(self) -> Iterator[Fact]:
        settings = self._of_refresh()
        if self._profile_api is None:
            yield Fact(
                LIST, "what is on the profile: no credentials of the Profile API are set", UNKNOWN, "Profile API"
            )
            return
        profile = self._profile_api.profile(self._mpid, settings.environment)
        if profile is None:
            yield Fact(LIST, f"mParticle has no such profile in {settings.environment}", KNOWN, "Profile API")
            return
        items = (profile.get("user_attributes") or {}).get("product_recs")
        if not isinstance(items, list):
            yield Fact(LIST, "the profile has none", KNOWN, "Profile API")
            return
        yield Fact(LIST, f"on the profile: {', '.join(map(str, items))}", KNOWN, "Profile API")
        yield self._whose(items)

    def _whose(self, items: list[Any]) -> Fact:
        """Say whether the list on the profile is the one that was written last."""
        source, remembered = "table of refresh", self._text("digest")
        if not remembered:
            return Fact(LIST, "whether refresh wrote it: it does not remember which list it wrote", UNKNOWN, source)
        if digest(items) == remembered:
            return Fact(LIST, "it is the list that refresh wrote last", KNOWN, source)
        other = (
            "it is not the list that refresh wrote last: mParticle has not processed that one, or another program wrote"
        )
        return Fact(LIST, other, INFERRED, source)

    def _from_campaign(self) -> Iterator[Fact]:
        settings, experiment = self._of_refresh(), self._of_refresh().experiment
        variant = experiment.list_of(experiment.variant_of(self._mpid)) if experiment else Variant(1)
        if variant is None:
            yield Fact(LIST, "none, since the holdout has no list", KNOWN, "hash of the id")
            return
        campaign, filter_ = variant.campaign_arn or settings.campaign_arn, variant.filter_arn or settings.filter_arn
        request = get_recommendations_request(self._mpid, campaign, filter_, settings.num_results)
        entries = self._client("personalize-runtime").get_recommendations(**request).get("itemList", [])
        items = [entry["itemId"] for entry in entries]
        same = digest(items) == self._text("digest")
        words = "the same as written last" if same else f"another: {', '.join(items)}" if items else "empty"
        yield Fact(LIST, f"the campaign's list now is {words}", KNOWN, "campaign")
        reasons = Counter(reason for entry in entries for reason in entry.get("reason") or ())
        if reasons:
            certainty = KNOWN if not same else INFERRED
            yield Fact(LIST, f"the campaign gives reasons for items now: {_counted(reasons)}", certainty, "campaign")
        yield Fact(LIST, "which events brought which item", UNKNOWN, "campaign")

    def _remembered(self) -> Iterator[Fact]:
        if self._refresh is None:
            return
        source = "table of refresh"
        request = {"TableName": self._refresh.state_table, "Key": {state.KEY: {"N": str(self._mpid)}}}
        self._item = self._client("dynamodb").get_item(**request, ConsistentRead=True).get("Item")
        if not self._item:
            nothing = "refresh remembers nothing: it did not refresh them for eight days, or they were erased"
            yield Fact(WRITTEN, nothing, KNOWN, source)
            return
        if asked := self._number("asked_at"):
            said = f"the newest list was requested at {_time(asked)}"
            counted = f"generation {self._number('generation'):.0f}, {self._number('day_refreshes'):.0f} that day"
            yield Fact(WRITTEN, f"{said} ({counted})", KNOWN, source)
            upload = f"it was uploaded within {MAX_AGE:.0f} s of that, if it had changed; by ./broker seed, later"
            yield Fact(WRITTEN, upload, INFERRED, source)
        if not self._text("digest"):
            unsure = "the last upload had no answer, was refused, is under way, or was one of ./broker seed"
            yield Fact(WRITTEN, f"which list the profile has: {unsure}", UNKNOWN, source)
        if self._number("claimed_until") > self._now:
            yield Fact(
                WRITTEN,
                f"a refresh is under way, or an upload may still land, until {_time(self._number('claimed_until'))}",
                KNOWN,
                source,
            )

    def _waiting(self) -> Iterator[Fact]:
        settings = self._deployment.ingest_settings
        urls = {
            "the refresh queue": settings.refresh_queue_url,
            "the purchase queue": settings.purchase_queue_url,
            "the dead-letter queue": self._deployment.dead_letters_url,
        }
        waiting = {name: self._messages(url) for name, url in urls.items() if url}
        yield Fact(WAITING, f"of all users: {_counted(waiting)}", KNOWN, "queues")
        if any(waiting.values()):
            yield Fact(WAITING, "a refresh of theirs may be among them", INFERRED, "queues")

    def _messages(self, url: str) -> int:
        answer = self._client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=list(QUEUE_COUNTS))
        return sum(int(number) for number in answer["Attributes"].values())

    def _of_refresh(self) -> RefreshSettings:
        if self._refresh is None:
            raise ValueError("there is no refresh")
        return self._refresh

    def _number(self, name: str) -> float:
        return float((self._item or {}).get(name, {}).get("N", 0))

    def _text(self, name: str) -> str:
        return str((self._item or {}).get(name, {}).get("S", ""))


def _refresh_words(line: Mapping[str, Any]) -> str:
    parts = [f"{line['timestamp']} {line['outcome']}"]
    parts += [f"generation {line['generation']}"] if line.get("generation") else []
    parts += [f"list {line['list_digest']}"] if line.get("list_digest") else []
    return ", ".join(parts)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items()) or "nothing"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
