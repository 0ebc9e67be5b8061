"""The parts of the panel that change by themselves, each as HTML."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import requests
from botocore.exceptions import BotoCoreError, ClientError
from starlette.concurrency import run_in_threadpool

from shop.pages import Pages
from shop.panel import switches
from shop.panel.experiment import RunningExperiment
from shop.panel.trail import Trail, median_seconds
from shop.panel.watcher import Watcher
from shop.places import Places

EVERY = 2.5  # seconds between two looks
CLICKS, LISTS, MEASURED = 20, 8, 50
FIRST = {"counters": 2, "clicks": 1, "stage": 2, "left-out": 2, "faults": 2, "lists": 1}
"""The parts of the first page, and in which of the rounds each is looked at: every one, or every second."""
EXPERIMENT = {"result": 2}
TROUBLE = (requests.RequestException, BotoCoreError, ClientError)


class Parts:
    """``name_of`` gives an item's name, or its id where the shop does not know it."""

    def __init__(
        self,
        *,
        places: Places,
        watcher: Watcher,
        experiment: RunningExperiment,
        pages: Pages,
        name_of: Callable[[str], str],
    ) -> None:
        self._places = places
        self._watcher = watcher
        self._experiment = experiment
        self._pages = pages
        self._name_of = name_of

    async def changes(self, parts: Mapping[str, int]) -> AsyncIterator[tuple[str, str]]:
        """Yield each part that has changed, by its name."""
        shown: dict[str, str] = {}
        for rounds in itertools.count():
            await run_in_threadpool(self._watcher.look)
            for name in (name for name, every in parts.items() if rounds % every == 0):
                html = await run_in_threadpool(self.html, name)
                if shown.get(name) != html:
                    shown[name] = html
                    yield name, html
            await asyncio.sleep(EVERY)

    def html(self, name: str) -> str:
        """Return a part as it is now."""
        contents = {"faults": self._faults, "stage": self._stage, "result": self._result}
        template = f"panel_{name.replace('-', '_')}.html"
        if name in contents:
            return self._pages.render(template, **contents[name]())
        with self._watcher.reading() as trail:
            return self._pages.render(template, **self._of_trail(name, trail), name_of=self._name_of)

    def _of_trail(self, name: str, trail: Trail) -> dict[str, Any]:
        counters = self._watcher.counters
        if name == "clicks":
            return {"clicks": trail.newest(CLICKS), "now": time.time() * 1000}
        if name == "lists":
            return {"written": trail.newest_writes(LISTS)}
        if name == "left-out":
            return {"skipped": counters.by_reason("Skipped"), "quarantined": counters.by_reason("Quarantined")}
        newest = trail.newest(MEASURED)
        lags = {step: median_seconds(newest, step) for step in ("record", "personalize", "list", "profile")}
        return {"counters": counters, "lags": lags, "silent": sorted(self._watcher.silent)}

    def _stage(self) -> dict[str, Any]:
        return {
            "stage": self._watcher.counters.stage,
            "campaign": self._places.campaign,
            "experiment": self._experiment.plan and self._experiment.plan.experiment,
            "variants": self._experiment.variants,
        }

    def _result(self) -> dict[str, Any]:
        return {"result": self._experiment.result()}

    def _faults(self) -> dict[str, Any]:
        try:
            states, others = switches.states(self._places)
        except TROUBLE:
            return {"states": None, "others": []}
        return {"states": states, "others": others}
