"""Lists from the campaign to users' profiles: requested one by one, and uploaded by the hundred as they come."""

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from broker.clock import Clock
from broker.delivery import Delivery, is_accepted
from broker.failures import Failure
from broker.mparticle import MParticle
from broker.outcomes import Accepted, Outcome, Rejected, Retryable, only
from broker.profile import Upload, no_change, upload
from broker.rate_limit import Calls
from broker.recommendations import Recommendations, is_changed
from broker.stage_times import StageTimes
from broker.upload_stream import UploadStream
from broker.user_lists import UserLists

MAX_AGE = 10.0  # seconds after which a list is not uploaded but requested again
UPLOAD_RESERVE = 2.0  # seconds at the end of an invocation in which lists are uploaded, and no more are requested
RETRY_FEED_AFTER = 30.0  # seconds for which mParticle counts as down after uploads failed and none was accepted


@dataclass(frozen=True)
class ClaimedUser:
    """A user whom this process may refresh: the generation of the claim, and the digest of the list on the profile.

    ``digest`` is None where it is not known: then any list is written. ``variant``: what the profile says, empty where
    that is not known.
    """

    mpid: int
    environment: str
    generation: int
    digest: str | None
    variant: str = ""


@dataclass
class RefreshResults:
    """What became of users.

    ``outcome_of``: of the upload where there is one, else of the request for the list. ``written`` and ``unchanged``:
    their lists. ``variant_of``: of an experiment, of the users who have a list by now. ``sent``: an upload was tried;
    ``may_land``: one without an answer may still be on its way. ``stages``: how long it took to ask for all lists, and
    then until the last upload was through.
    """

    outcome_of: dict[int, Outcome[Any]] = field(default_factory=dict)
    written: dict[int, Recommendations] = field(default_factory=dict)
    unchanged: dict[int, Recommendations] = field(default_factory=dict)
    variant_of: dict[int, str] = field(default_factory=dict)
    sent: set[int] = field(default_factory=set)
    may_land: set[int] = field(default_factory=set)
    stages: StageTimes = field(default_factory=StageTimes)


class ProfileRefresher:
    """The lists of all users and one mParticle feed. What it remembers between invocations is best effort."""

    def __init__(
        self,
        user_lists: UserLists,
        mparticle: MParticle,
        *,
        with_event: bool,
        pool: Executor,
        upload_pool: Executor,
        clock: Clock,
        probe: tuple[int, str] | None = None,
        columns: Sequence[str] = (),
    ) -> None:
        """``probe``: the mpid and the environment of the identity that proves the feed.

        ``columns``: of the Items dataset, whose values go with each list.
        """
        self._user_lists = user_lists
        self._mparticle = mparticle
        self._with_event = with_event
        self._pool = pool
        self._upload_pool = upload_pool
        self._clock = clock
        self._probe = probe
        self._columns = columns
        self._down_since = -math.inf

    def refresh(self, users: Sequence[ClaimedUser], deadline: float, into: RefreshResults) -> None:
        """Refresh users, and put ``into`` what became of them, also where it raises Misconfigured.

        While mParticle is down, one upload is tried before anybody else is asked about.
        """
        tried = users
        if self._clock.now() < self._down_since + RETRY_FEED_AFTER:
            tried = users[:1]
            self._recommend_and_upload(tried, deadline, into)
            outcomes = [into.outcome_of[user.mpid] for user in tried]
            if waiting := [outcome for outcome in outcomes if isinstance(outcome, Retryable)]:
                into.outcome_of |= {user.mpid: waiting[0] for user in users[1:]}
                return
            tried = users[1:]
        self._recommend_and_upload(tried, deadline, into)

    def take_calls(self) -> tuple[Calls, Calls]:
        """Return the campaigns' calls and mParticle's batches since this was asked last."""
        return self._user_lists.take_calls(), self._mparticle.take_calls()

    def _recommend_and_upload(self, users: Sequence[ClaimedUser], deadline: float, into: RefreshResults) -> None:
        """Ask for each user's list, and upload a hundred of them, or a second's worth, as soon as they are there."""
        uploading: Delivery[Upload, None] = Delivery(
            lambda request: self._send(request, deadline, into), self._upload_pool
        )
        stream = UploadStream(uploading.start, self._clock)
        lists = _Lists(
            {user.mpid: user for user in users},
            self._user_lists.variant_of,
            stream.add,
            self._clock,
            with_event=self._with_event,
            columns=self._columns,
        )
        recommending: Delivery[int, Recommendations] = Delivery(
            lambda request: self._user_lists.recommend(request[0], deadline - UPLOAD_RESERVE),
            self._pool,
            lambda request, new: lists.add(request[0], new),
            stream.flush_due,
        )
        try:
            with into.stages.measure("ask"):
                for user in users:
                    recommending.start([user.mpid])
                recommended = recommending.finish(lambda so_far: self._verify_campaigns(so_far, deadline))
            for mpid, accepted in only(recommended, Accepted).items():
                lists.add(mpid, accepted.result)
            into.outcome_of |= recommended
        finally:  # also where the campaign is wrong: the claims end next, and then nothing may be sent
            stream.flush()
            into.unchanged |= lists.unchanged
            into.variant_of |= lists.variants
            with into.stages.measure("upload"):
                uploaded = uploading.finish(lambda so_far: self._find_unproven(so_far, deadline))
            into.outcome_of |= dict.fromkeys(list(lists.changed), Retryable())  # a straggler may not have handed one on
            into.outcome_of |= {upload_.mpid: outcome for upload_, outcome in uploaded.items()}
            into.written |= {upload_.mpid: lists.changed[upload_.mpid] for upload_ in only(uploaded, Accepted)}
            self._note_feed(uploaded)

    def _send(self, request: Sequence[Upload], deadline: float, into: RefreshResults) -> None:
        mpids = {upload_.mpid for upload_ in request}
        into.sent |= mpids  # one operation on a set, so that threads need no lock
        sent_now = mpids - into.may_land
        into.may_land |= mpids
        try:
            self._mparticle.upload(request, min(deadline, min(upload_.requested_at for upload_ in request) + MAX_AGE))
        except Failure as failure:
            if not failure.may_have_landed:
                into.may_land -= sent_now
            raise
        into.may_land -= mpids

    def _note_feed(self, uploaded: Mapping[Upload, Outcome[None]]) -> None:
        if only(uploaded, Accepted):
            self._down_since = -math.inf
        elif only(uploaded, Retryable):
            self._down_since = self._clock.now()

    def _verify_campaigns(self, so_far: Mapping[int, Outcome[Recommendations]], deadline: float) -> tuple[()] | None:
        return () if self._user_lists.are_accepted(only(so_far, Rejected), deadline) else None

    def _find_unproven(self, so_far: Mapping[Upload, Outcome[None]], deadline: float) -> tuple[()] | None:
        """Verify the feed by an upload to the configured identity; without one, by what was accepted a moment ago."""
        if self._probe is None:
            return () if only(so_far, Accepted) else None
        probe = no_change(*self._probe, self._clock.now())
        return () if is_accepted(lambda: self._mparticle.upload([probe], deadline)) else None


class _Lists:
    """The lists that campaigns gave, in any thread: each user's first one is handed on, if it is a new one.

    Any list is handed on where the profile says another variant than the user's, also an empty one: the list on the
    profile is then of the other variant.
    """

    def __init__(
        self,
        users: Mapping[int, ClaimedUser],
        variant_of: Callable[[int], str | None],
        hand_on: Callable[[Upload], None],
        clock: Clock,
        *,
        with_event: bool,
        columns: Sequence[str],
    ) -> None:
        self._users = users
        self._variant_of = variant_of
        self._hand_on = hand_on
        self._clock = clock
        self._with_event = with_event
        self._columns = columns
        self._lock = threading.Lock()
        self.changed: dict[int, Recommendations] = {}
        self.unchanged: dict[int, Recommendations] = {}
        self.variants: dict[int, str] = {}

    def add(self, mpid: int, new: Recommendations) -> None:
        user, variant = self._users[mpid], self._variant_of(mpid)
        write = is_changed(new, user.digest) or variant not in (None, user.variant)
        with self._lock:
            if mpid in self.changed or mpid in self.unchanged:
                return
            (self.changed if write else self.unchanged)[mpid] = new
            if variant is not None:
                self.variants[mpid] = variant
        if write:
            self._hand_on(self._upload(user, new, variant))

    def _upload(self, user: ClaimedUser, new: Recommendations, variant: str | None) -> Upload:
        now_ms = int(self._clock.now() * 1000)
        return upload(
            user.mpid,
            user.environment,
            user.generation,
            new,
            now_ms,
            with_event=self._with_event,
            variant=variant,
            columns=self._columns,
        )
