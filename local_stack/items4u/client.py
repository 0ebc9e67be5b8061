"""Plays sessions against a local mParticle: signs in, reads the profile's recommendations, posts the events."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3

from local_stack.items4u.sessions import Post, Session
from local_stack.items4u.slot import LIST_ID, VARIANT, ProfileList

TIMEOUT_SECONDS = 10.0
CONNECTIONS = 16
ATTEMPTS = 40
LONGEST_WAIT_SECONDS = 2.0
AHEAD = 2
"""Sessions that are handed to the threads beyond those they are playing."""


class NotDelivered(Exception):
    """mParticle refused a request, or did not accept it in all attempts of a client."""


@dataclass(frozen=True)
class PlayedSession:
    """A played session; ``recommended`` is the profile's list before it, best first.

    ``ranked`` is the campaign's longer list at that time, if something is bought; ``began`` is the time of the
    session's first event (whole epoch seconds).
    """

    session: Session
    mpid: int
    recommended: tuple[str, ...]
    ranked: tuple[str, ...]
    began: int
    batches: int
    interactions: int


def mpid_as_text(profile: dict[str, Any]) -> dict[str, Any]:
    """Return a profile for programs, some of which would round its 64-bit id."""
    return profile | {"mpid": str(profile["mpid"])}


class Client:
    """A shop's side of mParticle, over kept-alive connections.

    ``rank`` returns a longer list for an mpid than the profile's, for the evaluation; the shop does not show it.
    """

    def __init__(
        self,
        url: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        rank: Callable[[int], tuple[str, ...]] = lambda _mpid: (),
    ) -> None:
        self._server = urllib3.connection_from_url(url, maxsize=CONNECTIONS, timeout=TIMEOUT_SECONDS, retries=False)
        self._rank = rank
        self._sleep = sleep

    def identify(self, session: Session) -> int:
        """Return the mpid of the session's user, which may still be an anonymous device's."""
        answer = self._send(
            "POST",
            "/v1/identify",
            json={"environment": session.environment, "known_identities": session.known_identities},
            headers={"x-mp-key": f"{session.input}-key"},
        )
        return int(answer.json()["mpid"])

    def profile(self, mpid: int | str, environment: str = "production") -> dict[str, Any]:
        """Return a profile as the Profile API shows it. Raises NotDelivered if there is none."""
        path = f"/userprofile/v1/org/account/workspace/{mpid}"
        query = {"fields": "user_identities,user_attributes", "environment_type": environment}
        profile: dict[str, Any] = self._send("GET", f"{path}?{urlencode(query)}").json()
        return profile

    def recommendations(self, mpid: int, environment: str = "production") -> tuple[str, ...]:
        """Return the item ids on a profile's list, best first; empty before the first write-back."""
        return self._list(mpid, environment).items

    def post(self, post: Post) -> None:
        """Post one batch; retries keep its ``source_request_id``. Raises NotDelivered."""
        headers = urllib3.make_headers(basic_auth=f"{post.input}-key:{post.input}-secret")
        self._send("POST", "/v2/events", json=post.batch, headers=headers)

    def play(self, session: Session, clock: Callable[[], float] = time.time) -> PlayedSession:
        """Read the profile's recommendations, then post the session's batches in order."""
        mpid = self.identify(session)
        profile_list = self._list(mpid, session.environment)
        recommended = profile_list.items
        ranked = self._rank(mpid) if recommended and session.purchased_items else ()
        began, batches, interactions = int(clock()), 0, 0
        for post in session.posts(clock, profile_list):
            began = min(began, *(event["data"]["timestamp_unixtime_ms"] // 1000 for event in post.batch["events"]))
            self.post(post)
            batches += 1
            interactions += len(post.interactions)
        return PlayedSession(session, mpid, recommended, ranked, began, batches, interactions)

    def play_all(
        self, sessions: Iterable[Session], *, concurrency: int, clock: Callable[[], float] = time.time
    ) -> Generator[PlayedSession, None, None]:
        """Play sessions on several threads and yield them in order; the sessions of one shopper never overlap.

        Sessions are taken from the iterable when a thread is free, so it may be endless: close the iterator to stop,
        which waits for the running sessions.
        """
        waiting: deque[tuple[str, Future[PlayedSession]]] = deque()
        with ThreadPoolExecutor(concurrency, thread_name_prefix="items4u") as threads:
            for session in sessions:
                while len(waiting) >= concurrency + AHEAD or any(who == session.shopper_id for who, _ in waiting):
                    yield waiting.popleft()[1].result()
                waiting.append((session.shopper_id, threads.submit(self.play, session, clock)))
            while waiting:
                yield waiting.popleft()[1].result()

    def _list(self, mpid: int, environment: str) -> ProfileList:
        attributes = self.profile(mpid, environment)["user_attributes"]
        return ProfileList(
            tuple(attributes.get("product_recs") or ()), attributes.get(LIST_ID), attributes.get(VARIANT)
        )

    def _send(self, method: str, path: str, **request: Any) -> urllib3.BaseHTTPResponse:
        problem = ""
        for attempt in range(ATTEMPTS):
            try:
                answer = self._server.request(method, path, **request)
            except urllib3.exceptions.HTTPError as error:
                problem, wait = str(error), None
            else:
                if answer.status < 400:
                    return answer
                problem, wait = (
                    f"{answer.status} {answer.data.decode(errors='replace')}",
                    answer.headers.get("Retry-After"),
                )
                if answer.status != 429 and answer.status < 500:
                    break
            self._sleep(float(wait) if wait else min(LONGEST_WAIT_SECONDS, 0.05 * 2**attempt))
        raise NotDelivered(f"{method} {path}: {problem}")
