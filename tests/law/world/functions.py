"""Both functions as Lambda runs them: processes that keep their memory between invocations, until they die."""

import functools
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any, Protocol

from broker.clock import Clock
from broker.experiment import Experiment
from broker.failures import Misconfigured, Unavailable
from broker.ingest import Ingest
from broker.interactions import DEFAULT_ACTIONS, Rules
from broker.metric_names import Metric
from broker.mparticle import MParticle
from broker.personalize import Campaign, EventTracker
from broker.profile_refresher import ProfileRefresher
from broker.profile_state import ProfileStates
from broker.quarantine import Quarantine
from broker.rate_limit import RateLimiter
from broker.refresh import Refresh
from broker.refresh_queue import RefreshQueue, RefreshQueues, queue_url
from broker.rewind import Rewind, RewindStore
from broker.settings import GET_RECOMMENDATIONS_PER_SECOND, MPARTICLE_BATCHES_PER_SECOND, PUT_EVENTS_PER_SECOND
from broker.suppression_store import SuppressionStore
from broker.telemetry import Counts
from broker.user_lists import UserLists, user_lists

from blueprint.sizing import REFRESH_CONCURRENCY
from local_stack.lambda_emulator.invocation import InvokeResult, failed
from tests.broker.stubs import Inline
from tests.law.world.calls import Calls
from tests.law.world.faults import Killed
from tests.law.world.recommender import RESULTS

TIMEOUT = 60.0
READERS = 2
LAST_CALL = TIMEOUT - 10.0
BUCKET, CONTROL, ENDPOINT = "quarantine", "control", "http://127.0.0.1"
KEY_ARN, KEY = "arn:key", "the key of the suppression list"
QUEUE_ARN, PURCHASE_QUEUE_ARN = (f"arn:aws:sqs:us-east-1:123456789012:{name}" for name in ("refresh", "purchases"))


class Steps(Protocol):
    """Ingest or Refresh."""

    def run(self, records: Any, deadline: float, counts: Counts) -> dict[str, Any]:
        """Do one invocation."""


class Function:
    """One function; any of its idle processes takes the next event, and a new one where all are busy."""

    def __init__(self, name: str, connect: Callable[[Calls], Steps], calls: Callable[[str], Calls]) -> None:
        self.name = name
        self.invocations = 0
        self.alarms = 0
        self.bugs: list[str] = []
        self.outcomes: Counter[Metric] = Counter()
        self._connect = connect
        self._calls = calls
        self._idle: list[tuple[Calls, Steps]] = []
        self._made = self._version = 0

    def deploy(self, connect: Callable[[Calls], Steps]) -> None:
        """Let new processes be connected otherwise; the idle ones end, and those that are busy come to their end."""
        self._connect, self._version = connect, self._version + 1
        self.end_idle()

    def end_idle(self) -> None:
        """Let the idle processes end, as Lambda does after a while: the next invocation is a cold start."""
        self._idle.clear()

    def __call__(self, event: dict[str, Any]) -> InvokeResult:
        """Run one invocation."""
        calls, steps = process = self._idle.pop() if self._idle else self._new()
        version = self._version
        calls.begin(TIMEOUT)
        self.invocations += 1
        calls.say("begins")
        counts = Counts()
        try:
            answer = steps.run(event["Records"], calls.started + LAST_CALL, counts)
        except Killed as death:
            calls.die(f"is killed at {death}")
            return failed("Runtime.ExitError", "signal: killed")
        except Misconfigured as error:
            calls.say(f"fails: {error}")
            self.alarms += 1
            self._rest(process, version)
            return failed("Misconfigured", str(error))
        except Unavailable as error:  # Lambda tries again
            calls.say(f"fails: {error}")
            self._rest(process, version)
            return failed("InvocationFailed", str(error))
        except Exception as error:
            self.bugs.append(f"{self.name} raises {error!r}")
            return failed(type(error).__name__, str(error))
        finally:
            self.outcomes += counts.outcomes
        self._rest(process, version)
        return InvokeResult(payload=answer)

    def _rest(self, process: tuple[Calls, Steps], version: int) -> None:
        if version == self._version:
            self._idle.append(process)

    def _new(self) -> tuple[Calls, Steps]:
        self._made += 1
        calls = self._calls(f"{self.name} {self._made}")
        return calls, self._connect(calls)


def ingest(
    tracking_id: str,
    view_sample: float,
    actions: Collection[str] = DEFAULT_ACTIONS,
    *,
    suppresses: bool = False,
    experiment: Experiment | None = None,
) -> Callable[[Calls], Steps]:
    """Return what connects ingest to a process's calls, as its ``connect`` connects it to AWS."""

    def connect(calls: Calls) -> Ingest:
        return _ingest(
            calls,
            tracking_id,
            view_sample,
            actions,
            suppresses=suppresses,
            with_queues=True,
            experiment=experiment,
        )

    return connect


def rewind(tracking_id: str, view_sample: float) -> Callable[[Calls], Steps]:
    """Return what connects rewind to a process's calls, as its ``_rewind`` connects it to AWS."""

    def connect(calls: Calls) -> Steps:
        again = _ingest(calls, tracking_id, view_sample, DEFAULT_ACTIONS, suppresses=True, with_queues=False)
        return Rewind(again, RewindStore(lambda: calls.s3, CONTROL, calls.time()))

    return connect


def _ingest(
    calls: Calls,
    tracking_id: str,
    view_sample: float,
    actions: Collection[str],
    *,
    suppresses: bool,
    with_queues: bool,
    experiment: Experiment | None = None,
) -> Ingest:
    now = calls.time()
    pace = RateLimiter(PUT_EVENTS_PER_SECOND, READERS, now)
    return Ingest(
        EventTracker(calls.personalize, tracking_id, now, pace, experiment=experiment),
        _quarantine(calls, "ingest", now),
        RefreshQueues(_queue(calls, now, PURCHASE_QUEUE_ARN), _queue(calls, now, QUEUE_ARN)) if with_queues else None,
        rules=Rules({action: action for action in actions}),
        refresh_actions=frozenset(DEFAULT_ACTIONS),
        pool=Inline(),
        clock=now,
        view_sample=view_sample,
        suppressed=_suppression(calls) if suppresses else None,
    )


def refresh(
    campaign_arn: str, probe_mpid: int | None, *, suppresses: bool = False, experiment: Experiment | None = None
) -> Callable[[Calls], Steps]:
    """Return what connects refresh to a process's calls, as its ``_refresh`` connects it to AWS and mParticle."""

    def connect(calls: Calls) -> Steps:
        now = calls.time()
        refresher = ProfileRefresher(
            _user_lists(calls, now, campaign_arn, experiment),
            MParticle(
                calls.mparticle,  # type: ignore[arg-type]
                "http://127.0.0.1",
                lambda: calls.secrets,
                "secret",
                now,
                RateLimiter(MPARTICLE_BATCHES_PER_SECOND, REFRESH_CONCURRENCY, now),
            ),
            with_event=True,
            pool=Inline(),
            upload_pool=Inline(),
            clock=now,
            probe=None if probe_mpid is None else (probe_mpid, "production"),
        )
        return Refresh(
            refresher,
            ProfileStates(calls.dynamodb, "states", Inline(), now),
            _quarantine(calls, "refresh", now),
            functools.partial(_queue, calls, now),
            environment="production",
            clock=now,
            suppressed=_suppression(calls) if suppresses else None,
        )

    return connect


def _user_lists(calls: Calls, now: Clock, own: str, experiment: Experiment | None) -> UserLists:
    paces: dict[str, RateLimiter] = {}

    def campaign_of(campaign_arn: str | None, filter_arn: str | None) -> Campaign:
        arn = campaign_arn or own
        pace = paces.setdefault(arn, RateLimiter(GET_RECOMMENDATIONS_PER_SECOND, REFRESH_CONCURRENCY, now))
        return Campaign(calls.personalize, arn, filter_arn, RESULTS, now, pace)

    return user_lists(campaign_of, now, experiment)


def _queue(calls: Calls, now: Clock, arn: str) -> RefreshQueue:
    return RefreshQueue(calls.sqs, queue_url(arn, ENDPOINT), Inline(), now)


def _suppression(calls: Calls) -> SuppressionStore:
    return SuppressionStore(lambda: calls.s3, lambda: calls.secrets, CONTROL, KEY_ARN, calls.time())


def _quarantine(calls: Calls, flow: str, now: Clock) -> Quarantine:
    return Quarantine(lambda: calls.s3, BUCKET, flow, now)
