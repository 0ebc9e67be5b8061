"""One rival's run of one workload: the processes, and what is measured of it."""

import json
import random
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.loop.floor import ideal
from bench.loop.lambda_events import kinesis_event
from bench.loop.process import Process
from bench.loop.rivals.rivals import ROOT, Rival, environment
from bench.loop.services.stub import Behaviour
from bench.loop.workloads import Workload

CONCURRENCY = 16
WARM_UP = 50  # records: clients are created, connections opened, bytecode is there


@dataclass(frozen=True)
class Trial:
    """What one run took, in seconds; ``requests`` as the stub counted them, ``floor`` the fewest."""

    rival: str
    workload: str
    latency: float
    records: int
    interactions: int
    users: int
    first_wall: float
    second_wall: float
    first_processor: float
    second_processor: float
    ideal: tuple[float, float]
    requests: Mapping[str, int]
    parts: Mapping[str, int]
    floor: Mapping[str, int]
    refused: int
    invocations: int
    left: int
    left_first: int

    @property
    def overlapping(self) -> float:
        """The slower function's wall: as deployed, the functions run beside each other."""
        return max(self.first_wall, self.second_wall)

    @property
    def processor(self) -> float:
        """Processor seconds of both functions, in user and system mode."""
        return self.first_processor + self.second_processor

    def seconds(self, share: float | None = None, *, added: bool = False) -> float:
        """Return the functions' wall, added or of the slower one; with a share, at least the processor time by it."""
        least = 1 / share if share else 0.0
        first = max(self.first_wall, self.first_processor * least)
        second = max(self.second_wall, self.second_processor * least)
        return first + second if added else max(first, second)

    @property
    def processor_ms_per_event(self) -> float:
        """Processor milliseconds per record."""
        return 1000 * self.processor / self.records


class Bench:
    """The stub and a warm process of each rival."""

    def __init__(self, url: str, folder: Path, workers: Mapping[Rival, Process]) -> None:
        self._url = url
        self._folder = folder
        self._workers = workers
        self._rng = random.SystemRandom()  # a user that comes again would be known to the broker

    def trial(self, rival: Rival, workload: Workload, behaviour: Behaviour, records: int | None = None) -> Trial:
        """Run one invocation's records, with new users."""
        batches, needed = workload.draw(records or workload.records, self._rng)
        event = kinesis_event(batches)
        floor = needed.floor(state=rival.has_state, purchase_queue=rival.has_purchase_queue)
        self.control(behaviour)
        costs = self._ask(rival, event)
        counts = self.counts()
        first, second = costs["first"], costs.get("second", {})
        return Trial(
            rival.name,
            workload.name,
            behaviour.latency,
            len(event["Records"]),
            sum(needed.interactions.values()),
            needed.users,
            first["wall"],
            second.get("wall", 0.0),
            first["processor"],
            second.get("processor", 0.0),
            ideal(floor, behaviour.latency, CONCURRENCY),
            counts["requests"],
            counts["parts"],
            floor,
            counts["refused"],
            first["invocations"] + second.get("invocations", 0),
            first["left"] + second.get("left", 0),
            first["left_first"] + second.get("left_first", 0),
        )

    def warm_up(self, workload: Workload) -> None:
        """Run a few records of each rival, which are not measured."""
        for rival in self._workers:
            self.trial(rival, workload, Behaviour(), WARM_UP)

    def control(self, behaviour: Behaviour) -> None:
        """Set the stub's behaviour; it forgets what was counted."""
        data = json.dumps(asdict(behaviour)).encode()
        with urllib.request.urlopen(f"{self._url}/stub", data) as answer:  # noqa: S310 - loopback
            answer.read()

    def counts(self) -> dict[str, Any]:
        """Return what the stub has counted."""
        with urllib.request.urlopen(f"{self._url}/stub") as answer:  # noqa: S310 - loopback
            counts: dict[str, Any] = json.load(answer)
            return counts

    def _ask(self, rival: Rival, event: Mapping[str, Any]) -> dict[str, Any]:
        file = self._folder / f"{rival.name}.json"
        file.write_text(json.dumps(event))
        costs: dict[str, Any] = json.loads(self._workers[rival].ask(str(file)))
        return costs


@contextmanager
def bench(
    rivals: Sequence[Rival], *, cgroup: Path | None = None, variables: Mapping[str, str] | None = None
) -> Iterator[Bench]:
    """Start the stub and the rivals' processes, those in a cgroup if one is given; end them afterwards.

    ``variables``: further environment variables of the functions.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(stub())
        settings = {**environment(url, CONCURRENCY), **(variables or {})}
        workers = {
            rival: stack.enter_context(
                Process(["bench.loop.worker", *rival.modules], settings | rival.variables, cgroup)
            )
            for rival in rivals
        }
        yield Bench(url, folder, workers)


@contextmanager
def stub(*arguments: str) -> Iterator[str]:
    """Start the stub, return its URL; ``arguments``: the files of a certificate and its key, for TLS."""
    with Process(["bench.loop.services.stub", *arguments], {"PYTHONPATH": str(ROOT)}) as process:
        yield f"http{'s' if arguments else ''}://127.0.0.1:{int(process.line())}"


@contextmanager
def event_file(workload: Workload, records: int) -> Iterator[Path]:
    """Write Lambda's event of a workload to a file, return its path, and remove it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "event.json"
        batches, _ = workload.draw(records, random.SystemRandom())
        file.write_text(json.dumps(kinesis_event(batches)))
        yield file
