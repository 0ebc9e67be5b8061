"""The soak test on a stack: prepare it; run load, faults and samples concurrently; let it settle; judge."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from broker.metric_names import Metric

from local_stack import loopback
from local_stack.audit.lag import event_times, lags, percentile
from local_stack.audit.services import deliveries, stream_records
from local_stack.items4u.sessions import Shop
from local_stack.loop_result import audit_stack
from local_stack.scenario import Scenario
from local_stack.soak.findings import Findings, recoveries, usage
from local_stack.soak.list_log import ListLog, pages_of, sent_events
from local_stack.soak.load import Load
from local_stack.soak.plan import PlannedFault
from local_stack.soak.profile_lag import normal_after, normal_limit, profile_lags
from local_stack.soak.watch import ProcessorTime, Sample, processes, take_sample
from local_stack.stack import Stack

LOOK_EVERY = 2.0
SETTLE_SECONDS = 1200.0  # a message may wait for a quarter of an hour

Show = Callable[[str, dict[str, Any]], None]


class Soak:
    """One soak of a new stack. ``show(stage, counters)`` is called meanwhile."""

    def __init__(
        self, stack: Stack, *, seconds: float, rate: float, planned: Sequence[PlannedFault], show: Show
    ) -> None:
        self._stack = stack
        self._seconds = seconds
        self._rate = rate
        self._planned = planned
        self._show = show
        self._samples: list[Sample] = []
        self._processor = ProcessorTime()
        self._list_log = ListLog(pages_of(stack.personalize.url, stack.mparticle.url))
        self._fault: str | None = None
        self._over = threading.Event()
        self._shop = Shop(stack.settings.seed + 1, stack.settings.shoppers)
        names = stack.mparticle.url, stack.client("kinesis"), stack.resources.stream_name
        self._load = Load(*names, rate=rate, seconds=seconds)

    def run(self) -> Findings:
        """Run the soak and return its findings. Raises CreationFailed."""
        Scenario(self._stack, show=self._show).prepare()
        began = time.time()
        self._processor.look(processes(self._stack))
        with self._threads():
            self._load.play(self._shop.sessions())
            self._over.set()
        self._stack.put_directly += self._load.records_put
        return self._judge(began, self._settle())

    @contextlib.contextmanager
    def _threads(self) -> Iterator[None]:
        self._began = time.monotonic()
        works = (self._watch, self._strike, self._load.poison)
        with ThreadPoolExecutor(len(works), "soak") as threads:
            running = [threads.submit(work) for work in works]
            try:
                yield
            finally:
                self._over.set()
                self._load.stop()
        for future in running:
            future.result()

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _watch(self) -> None:
        while not self._over.wait(LOOK_EVERY):
            # A service that is too busy to answer must not end a run of hours: the next look sees what this one missed.
            with contextlib.suppress(requests.RequestException):
                self._look()

    def _look(self) -> None:
        sample = take_sample(self._stack, self._elapsed(), self._fault)
        self._samples.append(sample)
        self._processor.look(processes(self._stack))
        self._list_log.read()
        self._show(
            "soaking",
            {
                "interactions": self._load.interactions,
                "not forwarded": sample.forwarding,
                "behind": f"{sample.lag_s:.1f} s",
                "users waiting": sample.waiting_users,
                "fault": sample.fault or "none",
            },
        )

    def _strike(self) -> None:
        for fault in self._planned:
            if self._over.wait(max(0.0, fault.at - self._elapsed())):
                return
            self._fault = fault.kind.name
            self._switch(fault)
            self._over.wait(max(0.0, fault.at + fault.lasts - self._elapsed()))
            for url in self._urls().values():
                loopback.delete(f"{url}/_local/faults")
            self._fault = None

    def _switch(self, fault: PlannedFault) -> None:
        for service, rules in fault.kind.rules.items():
            loopback.post(f"{self._urls()[service]}/_local/faults", json={"faults": list(rules)})
        if fault.kind.kill:
            self._stack.functions[fault.kind.kill].kill()

    def _urls(self) -> dict[str, str]:
        stack = self._stack
        return {"personalize": stack.personalize.url, "mparticle": stack.mparticle.url, "aws": stack.aws.url}

    def _settle(self) -> bool:
        end = time.monotonic() + SETTLE_SECONDS
        while not self._stack.is_idle():
            if time.monotonic() >= end:
                return False
            with contextlib.suppress(requests.RequestException):
                self._list_log.read()
            self._show("settling", {"users waiting": self._stack.messages_waiting()})
            time.sleep(LOOK_EVERY)
        return True

    def _judge(self, began: float, settled: bool) -> Findings:
        self._show("checking", {})
        records = stream_records(self._stack.client("kinesis"), self._stack.resources.stream_name)
        accepted = deliveries(self._stack.personalize.url)
        late = lags(event_times(records), accepted, int(began * 1000)).values()
        self._list_log.read()
        events = sent_events(records, accepted, began)
        on_profiles = profile_lags(events, self._list_log.lists, self._list_log.writes)
        metrics = self._stack.metrics
        usages = {name: usage(self._samples, name) for name in self._stack.functions}
        return Findings(
            audit=audit_stack(self._stack, records, accepted),
            settled=settled,
            seconds=self._load.took,
            asked_rate=self._rate,
            interactions=self._load.interactions,
            lag_ms={"p50": percentile(late, 0.5), "p99": percentile(late, 0.99)},
            profile_lags=on_profiles,
            recoveries=recoveries(self._samples, self._planned),
            profile_normal_limit=normal_limit(on_profiles, began, self._planned),
            profile_normal_after=normal_after(on_profiles, began, self._planned),
            postponed=metrics.sum(Metric.POSTPONED),
            over_daily_cap=metrics.sum(Metric.OVER_DAILY_CAP),
            processors={name: seconds / self._load.took for name, seconds in self._processor.seconds.items()},
            usage={name: peak for name, peak in usages.items() if peak},
            samples=self._samples,
        )
