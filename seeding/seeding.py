"""A job's lists onto profiles: a few seconds' worth at a time, claimed, written down, uploaded and settled.

Each round is written down before anything is sent, so that a command that was killed goes on at that round and uploads
nothing twice (see ``attempts``). Uploads have no event: mParticle forwards nothing, and nobody counts as active.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import islice

from broker.clock import Clock
from broker.delivery import deliver, is_accepted
from broker.failures import Failure, Unavailable
from broker.mparticle import MParticle
from broker.outcomes import Accepted, Outcome, Rejected, only
from broker.profile import MAX_BATCHES, MAX_REQUEST_BYTES, Upload, no_change, upload
from broker.profile_state import KEPT, ProfileState, ProfileStates
from broker.rate_limit import LONGEST
from broker.reasons import SkipReason
from broker.recommendations import Recommendations
from broker.refresh import LANDING
from broker.suppression_store import SuppressionStore

from seeding.attempts import Attempt, Step, attempt, next_step, unwritten, written
from seeding.lists import SeedList
from seeding.progress import KeepsProgress, Progress

WRITTEN, NEWER, REFUSED = "written", "newer_list", "refused"
NO_ANSWER, NO_ITEMS, OTHER_VARIANT = "no_answer", "no_recommendations", "other_variant"
ROUND = 4.0  # seconds' worth of lists: for so long a user who acts meanwhile waits for their refresh
LARGEST_ROUND = 1_000
TIME_LIMIT = 60.0  # seconds for a round, in which mParticle may throttle
PAUSES = (5.0, 10.0, 20.0, 40.0, 60.0)  # seconds between rounds that bring nothing; the last one repeats
GIVE_UP = 900.0  # seconds without any progress
GOES_ON = (Step.WRITE, Step.WAIT)


class Interrupted(Exception):
    """The seeding ended before it was done: the message says why. The same command goes on."""


@dataclass(frozen=True)
class Feed:
    """Where lists go: mParticle at a rate of batches per second, into profiles of one environment.

    ``probe_mpid``: the identity that proves the feed, if there is one. ``columns``: of the Items dataset, that profiles
    have beside their lists: a batch inference job gives none, so those of the list before are taken off.
    """

    mparticle: MParticle
    environment: str
    rate: float
    probe_mpid: int | None = None
    columns: Sequence[str] = ()

    @property
    def round_size(self) -> int:
        """Return for how many users a round is: whole requests where it has several."""
        size = min(LARGEST_ROUND, max(1, int(self.rate * ROUND)))
        return size - size % MAX_BATCHES if size > MAX_BATCHES else size

    @property
    def request_size(self) -> int:
        """Return how many batches a request holds: no more than the rate limiter counts in full."""
        return min(MAX_BATCHES, max(1, int(self.rate * LONGEST)))


class Seeding:
    """The lists of one job. ``known_until`` (epoch seconds): what happened later, its lists do not know.

    ``belongs(mpid)``: whether a user is still in a variant that the job is for; ``variant_of(mpid)``: which one, None
    without an experiment. ``clears``: an empty list takes off the one that is there. ``show`` is called after each
    round.
    """

    def __init__(
        self,
        feed: Feed,
        states: ProfileStates,
        store: KeepsProgress,
        suppressed: SuppressionStore,
        pool: Executor,
        clock: Clock,
        *,
        known_until: float,
        belongs: Callable[[int], bool] = lambda _: True,
        variant_of: Callable[[int], str | None] = lambda _: None,
        clears: bool = False,
        show: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._feed, self._states, self._store, self._suppressed = feed, states, store, suppressed
        self._pool, self._clock, self._known_until, self._belongs, self._show = pool, clock, known_until, belongs, show
        self._variant_of, self._clears = variant_of, clears
        self._waiting: dict[int, Recommendations] = {}
        self._accepted_at = float("-inf")
        self._fruitless, self._fruit_at = 0, clock.now()

    def run(self, lists: Callable[[], Iterable[SeedList]]) -> Progress:
        """Write all lists; return what became of them. ``lists()`` yields the same ones in the same order each time.

        Raises Interrupted, Taken, and Failure.
        """
        progress = self._store.read(self._deadline())
        if progress.open:
            open_ = (one for one in islice(lists(), progress.done) if one.mpid in progress.open)
            self._waiting = {one.mpid: one.new for one in open_ if one.mpid and one.new}
        for part in _parts(islice(lists(), progress.done, None), self._feed.round_size):
            self._persist(progress, part)
            while len(self._waiting) >= self._feed.round_size or (self._fruitless and self._waiting):
                self._persist(progress, ())
        while self._waiting:
            self._fruitless += not self._fruitless  # who waits, waits for somebody else to end
            self._persist(progress, ())
        self._store.write(progress, self._deadline())
        return progress

    def _persist(self, progress: Progress, part: Sequence[SeedList]) -> None:
        """Do a round, and again while a system has no answer. Raises Interrupted."""
        while True:
            self._check_age()
            if self._fruitless:
                self._clock.sleep(PAUSES[min(self._fruitless, len(PAUSES)) - 1])
            try:
                brought = self._round(progress, part)
                failure: Failure | None = None
            except Unavailable as error:
                brought, failure = False, error
            self._fruitless = 0 if brought else self._fruitless + 1
            if brought:
                self._fruit_at = self._clock.now()
            elif self._clock.now() - self._fruit_at > GIVE_UP:
                raise Interrupted(str(failure or "mParticle takes nothing, or others refresh the users who are left"))
            if failure is None:
                self._show(progress)
                return

    def _check_age(self) -> None:
        """Raise Interrupted where the table may have forgotten a list that is newer than these."""
        if self._clock.now() - self._known_until >= KEPT:
            raise Interrupted(
                "the model's data are too old by now to tell which lists are newer: train, and seed again"
            )

    def _round(self, progress: Progress, part: Sequence[SeedList]) -> bool:
        """Write the lists of a part, and those that wait; return whether anything was brought to an end."""
        deadline = self._deadline()
        wanted, left_out = self._wanted(part, deadline)
        states = self._states.read(wanted, deadline)
        steps = {mpid: self._next(mpid, state, progress) for mpid, state in states.items()}
        due = {mpid: states[mpid] for mpid, step in steps.items() if step is Step.WRITE}
        claimed, _ = self._states.claim(due, deadline + LANDING, deadline)
        left = {mpid: progress.open.get(mpid, Attempt()) for mpid, step in steps.items() if step in GOES_ON}
        left |= {mpid: attempt(states[mpid], left[mpid], state) for mpid, state in claimed.items()}
        progress.open |= left
        self._store.write(progress, deadline)
        ends = {mpid: NEWER if step is Step.NEWER else WRITTEN for mpid, step in steps.items() if mpid not in left}
        ends |= self._upload(states, claimed, wanted, left, deadline)
        self._waiting = {mpid: new for mpid, new in wanted.items() if mpid not in ends}
        for mpid in (*ends, *(mpid for mpid, _ in left_out)):
            progress.open.pop(mpid, None)
        progress.counts.update(ends.values())
        progress.counts.update(reason for _, reason in left_out)
        progress.done += len(part)
        return bool(ends or left_out)

    def _wanted(
        self, part: Sequence[SeedList], deadline: float
    ) -> tuple[dict[int, Recommendations], list[tuple[int, str]]]:
        """Return whose list may be written, with those who wait, and who is left out, and why. Raises Failure."""
        suppressed = self._suppressed.current(deadline)
        wanted: dict[int, Recommendations] = {}
        left_out: list[tuple[int, str]] = []
        for one in (*part, *(SeedList(mpid, new) for mpid, new in self._waiting.items())):
            if not one.mpid or one.new is None:
                left_out.append((one.mpid or 0, NO_ANSWER))
            elif suppressed.covers(one.mpid):
                left_out.append((one.mpid, SkipReason.SUPPRESSED.value))
            elif not self._belongs(one.mpid):
                left_out.append((one.mpid, OTHER_VARIANT))
            elif not (one.new.items or self._clears):
                left_out.append((one.mpid, NO_ITEMS))
            else:
                wanted[one.mpid] = one.new
        return wanted, left_out

    def _next(self, mpid: int, state: ProfileState, progress: Progress) -> Step:
        return next_step(state, progress.open.get(mpid, Attempt()), self._known_until, self._clock.now())

    def _upload(
        self,
        before: Mapping[int, ProfileState],
        claimed: Mapping[int, ProfileState],
        lists: Mapping[int, Recommendations],
        attempts: Mapping[int, Attempt],
        deadline: float,
    ) -> dict[int, str]:
        """Upload the lists of claimed users and settle their states; return who is at an end, and which."""
        now_ms = int(self._clock.now() * 1000)
        uploads = [self._batch(mpid, attempts[mpid], lists[mpid], now_ms) for mpid in claimed]
        sending = _Sending(self._feed.mparticle, deadline)
        outcomes: Mapping[Upload, Outcome[None]] = {}
        try:
            requests = list(_requests(uploads, self._feed.request_size))
            outcomes = deliver(requests, sending.send, self._pool, lambda so_far: self._unproven(so_far, deadline))
        finally:
            sending.end()  # also after Ctrl-C: the claims end next, and then nothing may begin to be sent
            taken = {one.mpid for one in only(outcomes, Accepted)}
            unsettled = self._settle(before, claimed, taken, sending, deadline + LANDING)
        if taken:
            self._accepted_at = self._clock.now()
        refused = {one.mpid for one in only(outcomes, Rejected)}
        return dict.fromkeys(taken - unsettled.keys(), WRITTEN) | dict.fromkeys(refused, REFUSED)

    def _batch(self, mpid: int, its_attempt: Attempt, new: Recommendations, now_ms: int) -> Upload:
        return upload(
            mpid,
            self._feed.environment,
            its_attempt.in_id,
            new,
            now_ms,
            with_event=False,
            variant=self._variant_of(mpid),
            columns=self._feed.columns,
        )

    def _settle(
        self,
        before: Mapping[int, ProfileState],
        claimed: Mapping[int, ProfileState],
        taken: set[int],
        sending: "_Sending",
        lands_until: float,
    ) -> Mapping[int, Unavailable]:
        settled = {
            mpid: written(state, self._known_until, self._variant_of(mpid))
            if mpid in taken
            else unwritten(
                before[mpid],
                state,
                sent=mpid in sending.sent,
                lands_until=lands_until if mpid in sending.may_land else 0.0,
            )
            for mpid, state in claimed.items()
        }
        return self._states.settle(settled, self._deadline())

    def _unproven(self, so_far: Mapping[Upload, Outcome[None]], deadline: float) -> tuple[()] | None:
        """Verify the feed where uploads are refused: by the probe, or by what was accepted a while ago."""
        if self._feed.probe_mpid is not None:
            probe = no_change(self._feed.probe_mpid, self._feed.environment, self._clock.now())
            return () if is_accepted(lambda: self._feed.mparticle.upload([probe], deadline)) else None
        proven = only(so_far, Accepted) or self._clock.now() - self._accepted_at < GIVE_UP
        return () if proven else None

    def _deadline(self) -> float:
        return self._clock.now() + TIME_LIMIT


class _Sending:
    """Sends requests, in any thread. ``sent``: whose lists were tried; ``may_land``: may be done without an answer."""

    def __init__(self, mparticle: MParticle, deadline: float) -> None:
        self._mparticle, self._deadline = mparticle, deadline
        self._lock = threading.Lock()
        self._is_over = False
        self.sent: set[int] = set()
        self.may_land: set[int] = set()

    def send(self, request: Sequence[Upload]) -> None:
        mpids = {one.mpid for one in request}
        with self._lock:
            if self._is_over:
                raise Unavailable("the round is over")
            self.sent |= mpids
            new = mpids - self.may_land
            self.may_land |= mpids
        try:
            self._mparticle.upload(request, self._deadline)
        except Failure as failure:
            if not failure.may_have_landed:
                self._answered(new)
            raise
        self._answered(mpids)

    def end(self) -> None:
        """Let no request begin any more."""
        with self._lock:
            self._is_over = True

    def _answered(self, mpids: set[int]) -> None:
        with self._lock:
            self.may_land = self.may_land - mpids


def _parts(lists: Iterable[SeedList], size: int) -> Iterator[list[SeedList]]:
    every = iter(lists)
    while part := list(islice(every, size)):
        yield part


def _requests(uploads: Sequence[Upload], most: int) -> Iterator[list[Upload]]:
    """Yield uploads as requests within mParticle's limits."""
    request: list[Upload] = []
    room = 0
    for one in uploads:
        size = len(one.body) + len(",")
        if request and (len(request) == most or room < size):
            yield request
            request = []
        if not request:
            room = MAX_REQUEST_BYTES - len("[]")
        request.append(one)
        room -= size
    if request:
        yield request
