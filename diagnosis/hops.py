"""The hops of a probe from the stream to a profile. Each ends with what was seen, or with the cause of its failure.

What is written: one record on the stream, events of the user ``broker-probe`` to Personalize, and, where the operator
has an identity for it, a list on that profile. Nothing is of a customer.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from broker.clock import Clock
from broker.delivery import is_accepted
from broker.failures import Failure
from broker.personalize import Campaign, EventTracker
from broker.probe import PROBE, Kind, probe
from broker.recommendations import digest
from broker.settings import RefreshSettings

from diagnosis import answers, probe_record
from diagnosis.answers import Answers
from diagnosis.deployment import Client, Deployment
from diagnosis.function_logs import FAILED as INVOCATION_FAILED
from diagnosis.function_logs import INVOCATION, covers, lines
from diagnosis.profile_api import ProfileApi, ProfileApiError
from lifecycle import state

OK, FAILED, NOT_VERIFIED = "ok", "failed", "not verified"
STREAM, INGEST, TRACKER, CAMPAIGN, UPLOAD, PROFILE = "stream", "ingest", "tracker", "campaign", "upload", "profile"
CALL_SECONDS = 20.0  # for all tries of one call
POLL_SECONDS = 1.0
HINTS = {
    "ResourceNotFoundException": "it is not there: deleted, or of another region",
    "AccessDeniedException": "you may not do this: docs/runbook.md lists the permissions",
}
LOOK_BACK = 5.0  # seconds that the functions' clocks may be behind


@dataclass(frozen=True)
class Hop:
    """What came of one hop: its state, how many seconds it took, and what was seen."""

    name: str
    state: str
    seconds: float
    detail: str


class Dead(Exception):
    """A hop does not work; the message is the cause."""


class Verification:
    """One probe. ``wait``: for how many seconds the functions may take; ``unread``: why a record may not be read."""

    def __init__(
        self,
        client: Client,
        deployment: Deployment,
        *,
        clock: Clock,
        wait: float,
        profile_api: ProfileApi | None = None,
        unread: Callable[[], str] = lambda: "",
    ) -> None:
        self._client = client
        self._deployment = deployment
        self._clock = clock
        self._wait = wait
        self._profile_api = profile_api
        self._unread = unread
        self._ingest = deployment.ingest_settings
        self._refresh = deployment.refresh_settings
        self._item = PROBE
        self._place = ("", "")
        self._began = clock.now()
        self._digest = ""
        self.answers = Answers()

    def hops(self) -> Iterator[Hop]:
        """Yield every hop in the order of the flow."""
        campaign = self._hop(CAMPAIGN, self._ask_campaign) if self._refresh else self._before_recommend(CAMPAIGN)
        tracker = self._hop(TRACKER, self._put_probe)
        whole = bool(self._refresh and self._refresh.probe_mpid) and campaign.state == tracker.state == OK
        yield (stream := self._hop(STREAM, lambda: self._put_record(whole)))
        yield (
            ingest := self._hop(INGEST, self._wait_for_ingest)
            if stream.state == OK
            else Hop(INGEST, NOT_VERIFIED, 0.0, "no record is on the stream")
        )
        yield tracker
        yield campaign
        yield from self._profile_hops(whole, ingest)

    def _profile_hops(self, whole: bool, ingest: Hop) -> Iterator[Hop]:
        """Yield what comes behind the campaign."""
        why_not = ""
        if self._refresh and not self._refresh.probe_mpid:
            why_not = "broker:probe_mpid is not set, so there is no profile that may be written"
        elif not (whole and ingest.state == OK):
            why_not = "a hop before it does not work"
        if self._refresh is None or why_not:
            for name in (UPLOAD, PROFILE):
                yield Hop(name, NOT_VERIFIED, 0.0, why_not) if why_not else self._before_recommend(name)
            return
        yield (upload := self._hop(UPLOAD, self._wait_for_upload))
        if upload.state == OK and self._profile_api:
            yield self._hop(PROFILE, self._wait_for_profile)
        else:
            reason = "the upload does not work" if self._profile_api else "no credentials of the Profile API are set"
            yield Hop(PROFILE, NOT_VERIFIED, 0.0, reason)

    def _before_recommend(self, name: str) -> Hop:
        return Hop(name, NOT_VERIFIED, 0.0, f"the stage is {self._deployment.stage}: it comes with recommend")

    def _hop(self, name: str, step: Callable[[], str]) -> Hop:
        began = self._clock.now()
        try:
            outcome, detail = OK, step()
        except (Dead, Failure, ProfileApiError) as error:
            outcome, detail = FAILED, _with_hint(str(error))
        except ClientError as error:
            outcome, detail = FAILED, _with_hint(f"{error.operation_name}: {error.response['Error']['Code']}")
        except BotoCoreError as error:
            outcome, detail = FAILED, type(error).__name__
        return Hop(name, outcome, round(self._clock.now() - began, 1), detail)

    def _ask_campaign(self) -> str:
        settings = self._of_refresh()
        runtime = self._client("personalize-runtime")
        campaign = Campaign(runtime, settings.campaign_arn, settings.filter_arn, settings.num_results, self._clock)
        found = campaign.recommend(PROBE, self._clock.now() + CALL_SECONDS)
        self.answers.give(answers.NO_HISTORY, is_so=bool(found.items))
        if not found.items:
            raise Dead("the campaign's list is empty: does the filter exclude every item?")
        self._item = found.items[0]
        self.answers.of_campaign(self._client, settings)
        return f"{len(found.items)} items for the user {PROBE}, of whom it knows nothing"

    def _put_probe(self) -> str:
        tracker = EventTracker(self._client("personalize-events"), self._ingest.tracking_id, self._clock)
        deadline = self._clock.now() + CALL_SECONDS
        refused = []
        event_types = sorted(set(self._ingest.rules.event_types.values()))
        kinds = [Kind(name) for name in event_types]
        kinds += [Kind(event_types[0], has_value=True)] if self._ingest.rules.event_value else []
        for kind in kinds:
            event = probe(kind, self._item, self._clock.now())
            if not is_accepted(lambda event=event: tracker.put([event], deadline)):  # type: ignore[misc]
                refused.append(f"{kind.event_type} with a value" if kind.has_value else kind.event_type)
        self.answers.give(answers.PROBE_ACCEPTED, is_so=not refused)
        self.answers.give(answers.NO_PROPERTIES, is_so=not refused)
        if len(refused) == len(kinds):
            raise Dead("Personalize refuses every event: is the tracker another one, or deleted?")
        if refused:
            raise Dead(f"Personalize refuses events of the type {', '.join(refused)}: does the schema allow them?")
        self.answers.of_tracker(self._client)
        return f"events of all {len(event_types)} types are accepted"

    def _put_record(self, whole: bool) -> str:
        data, key = probe_record.ignored(self._ingest), PROBE
        if whole and self._refresh and self._refresh.probe_mpid:
            mpid = self._refresh.probe_mpid
            # What refresh remembers would let it take the list for one that is there already.
            state.erase(self._client("dynamodb"), self._refresh.state_table, [str(mpid)], self._clock)
            data = probe_record.event_of(mpid, self._item, self._ingest)
        self._began = self._clock.now()
        answer = self._client("kinesis").put_record(StreamName=self._deployment.stream, Data=data, PartitionKey=key)
        self._place = answer["ShardId"], answer["SequenceNumber"]
        kind = "of the identity for the probe" if whole else "that ingest skips"
        return f"a record {kind} is on {answer['ShardId']}"

    def _wait_for_ingest(self) -> str:
        logs, group = self._client("logs"), self._deployment.ingest.log_group

        def has_read() -> str | None:
            since = self._began - LOOK_BACK
            failed = {line.get("function_request_id") for line in lines(logs, group, INVOCATION_FAILED, since)}
            for line in lines(logs, group, INVOCATION, since):
                done = line.get("message") == INVOCATION and line.get("function_request_id") not in failed
                if done and covers(line, *self._place):
                    return f"it was read by version {line.get('function_version')}"
            return None

        if seen := self._eventually(has_read):
            self.answers.give(answers.JSON_LOGS, is_so=True)
            return seen
        raise Dead(f"the record was not read within {self._wait:.0f} s. {self._cause_of(group) or self._unread()}")

    def _wait_for_upload(self) -> str:
        settings = self._of_refresh()
        table, key = settings.state_table, {state.KEY: {"N": str(settings.probe_mpid)}}

        def is_written() -> str | None:
            answer = self._client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True)
            return str(answer.get("Item", {}).get("digest", {}).get("S", "")) or None

        if found := self._eventually(is_written):
            self._digest = found
            self.answers.give(answers.TRANSACTIONS, is_so=True)
            return "mParticle accepted a list"
        group = self._deployment.refresh.log_group if self._deployment.refresh else ""
        cause = self._cause_of(group) or "refresh got no message: look at its queues and their mappings"
        raise Dead(f"mParticle accepted no list within {self._wait:.0f} s. {cause}")

    def _wait_for_profile(self) -> str:
        settings = self._of_refresh()

        def has_list() -> list[str] | None:
            profile = None
            if self._profile_api and settings.probe_mpid:
                profile = self._profile_api.profile(settings.probe_mpid, settings.environment)
            attributes = (profile or {}).get("user_attributes") or {}
            found = attributes.get("product_recs")
            return found if isinstance(found, list) and digest(found) == self._digest else None

        found = self._eventually(has_list)
        for point in (answers.MPID_ALONE, answers.LIST_REPLACES):
            self.answers.give(point, is_so=bool(found))
        if not found:
            raise Dead(f"the profile did not have the list within {self._wait:.0f} s")
        return f"it has the {len(found)} items that were uploaded"

    def _cause_of(self, group: str) -> str:
        """Return why invocations failed since the probe began, or what they counted; empty where there were none."""
        logs, since = self._client("logs"), self._began - LOOK_BACK
        failed = [line.get("reason") or line.get("place") for line in lines(logs, group, INVOCATION_FAILED, since)]
        if failed:
            return f"Invocations fail: {failed[-1]}"
        counted = [line.get("outcomes") or {} for line in lines(logs, group, INVOCATION, since)]
        if any(outcomes.get("RefreshesFailed") for outcomes in counted):
            return "Refreshes fail and are retried: mParticle, or the campaign, throttles or does not answer"
        return ""

    def _eventually(self, look: Callable[[], Any]) -> Any:
        """Return what a look finds, the last one when the time is over."""
        deadline = self._clock.now() + self._wait
        while not (found := look()) and self._clock.now() < deadline:
            self._clock.sleep(POLL_SECONDS)
        return found

    def _of_refresh(self) -> RefreshSettings:
        if self._refresh is None:
            raise Dead("there is no refresh")
        return self._refresh


def _with_hint(text: str) -> str:
    hints = [hint for code, hint in HINTS.items() if text.endswith(code)]
    return ". ".join([text, *hints])
