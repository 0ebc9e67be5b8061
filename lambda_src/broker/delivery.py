"""How requests are delivered: many at once, a refused one halved until the bad part stands alone, with a breaker.

A wrong tracker and a wrong schema are answered like a bad event, with 400. So when most is refused, or all of it, that
is taken for a wrong configuration: the whole invocation fails, and nothing goes to quarantine.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from broker.failures import Failure, Misconfigured, Rejected, Unavailable

Part = TypeVar("Part")
Result = TypeVar("Result")

BREAKER_MINIMUM = 20


@dataclass
class Delivered(Generic[Part, Result]):
    """What became of every part of every request: exactly one of the three."""

    accepted: list[tuple[Part, Result]] = field(default_factory=list)
    rejected: list[tuple[Part, str]] = field(default_factory=list)
    waiting: list[tuple[Part, float | None]] = field(default_factory=list)


def deliver(
    requests: Sequence[Sequence[Part]],
    send: Callable[[Sequence[Part]], Result],
    pool: Executor,
    configuration_works: Callable[[], bool],
) -> Delivered[Part, Result]:
    """Send every request, in order, as many at once as the pool has workers.

    A request that stays throttled lets no further one start; what was not sent is ``waiting``, with the seconds that
    the other side asked for, if any. ``configuration_works()`` is asked when nothing was accepted and something
    refused. Raises Misconfigured.
    """
    delivery: _Delivery[Part, Result] = _Delivery(send)
    for future in [pool.submit(delivery.attempt, request) for request in requests]:
        future.result()
    delivery.check(configuration_works)
    return delivery.done


class _Delivery(Generic[Part, Result]):
    def __init__(self, send: Callable[[Sequence[Part]], Result]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._stopped_by: Failure | None = None
        self.done: Delivered[Part, Result] = Delivered()

    def attempt(self, request: Sequence[Part]) -> None:
        if self._stopped_by:
            self._wait(request, None)
            return
        try:
            result = self._send(request)
        except Rejected as failure:
            self._halve(request, failure)
        except Unavailable as failure:
            if failure.throttled:
                self._stop(failure)
            self._wait(request, failure.retry_after)
        except Failure as failure:
            self._stop(failure)
            self._wait(request, None)
        except Exception as error:
            self._halve(request, Rejected(type(error).__name__))
        else:
            with self._lock:
                self.done.accepted += [(part, result) for part in request]

    def _wait(self, request: Sequence[Part], retry_after: float | None) -> None:
        with self._lock:
            self.done.waiting += [(part, retry_after) for part in request]

    def _halve(self, request: Sequence[Part], failure: Rejected) -> None:
        if len(request) > 1:
            middle = len(request) // 2
            self.attempt(request[:middle])
            self.attempt(request[middle:])
            return
        with self._lock:
            self.done.rejected.append((request[0], str(failure)))
            if len(self.done.rejected) >= BREAKER_MINIMUM and not self.done.accepted:
                self._stopped_by = Misconfigured(f"nothing is accepted: {failure}")

    def _stop(self, failure: Failure) -> None:
        with self._lock:
            if not isinstance(self._stopped_by, Misconfigured):
                self._stopped_by = failure

    def check(self, configuration_works: Callable[[], bool]) -> None:
        if isinstance(self._stopped_by, Misconfigured):
            raise self._stopped_by
        accepted, rejected = len(self.done.accepted), len(self.done.rejected)
        mostly = accepted + rejected >= BREAKER_MINIMUM and rejected > accepted
        if mostly or (rejected and not accepted and not configuration_works()):
            reason = self.done.rejected[0][1]
            raise Misconfigured(f"{rejected} of {accepted + rejected} refused, so the configuration is wrong: {reason}")
