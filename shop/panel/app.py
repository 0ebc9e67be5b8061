"""The panel's pages: the first one changes by itself, the others show one thing each, as it is when they are opened."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from infra.cost.prices import PricesError
from local_stack import loopback
from local_stack.items4u.catalogue import Item
from shop import live
from shop.pages import Pages
from shop.panel import switches
from shop.panel.experiment import RunningExperiment
from shop.panel.hour_cost import last_hour
from shop.panel.ledger import Ledger
from shop.panel.parts import CLICKS, EXPERIMENT, FIRST, TROUBLE, Parts
from shop.panel.watcher import Watcher
from shop.places import Places
from shop.profiles import Profiles
from shop.why import reasons

PROFILES = 50  # on a page
MOST_FORM_BYTES = 4096


class Panel:
    """``names`` gives an item by its id, where it is of this shop."""

    def __init__(
        self,
        *,
        places: Places,
        watcher: Watcher,
        ledger: Ledger,
        experiment: RunningExperiment,
        profiles: Profiles,
        pages: Pages,
        names: Mapping[str, Item],
        prices: Path,
    ) -> None:
        self._places = places
        self._watcher = watcher
        self._ledger = ledger
        self._profiles = profiles
        self._pages = pages
        self._names = names
        self._prices = prices
        self._parts = Parts(
            places=places, watcher=watcher, experiment=experiment, pages=pages, name_of=self._name_or_id
        )

    def routes(self) -> list[Route]:
        """Return every route."""
        return [
            Route("/panel", self.first),
            Route("/panel/live", self.live),
            Route("/panel/experiment", self.experiment),
            Route("/panel/experiment/live", self.experiment_live),
            Route("/panel/clicks/{event_id}", self.click),
            Route("/panel/left-out/{reason}", self.left_out),
            Route("/panel/quarantine", self.quarantine),
            Route("/panel/customers", self.customers),
            Route("/panel/customers/{mpid}", self.customer),
            Route("/panel/ledger", self.ledger),
            Route("/panel/cost", self.cost),
            Route("/panel/faults", self.faults, methods=["POST"]),
            Route("/beside", self.beside),
        ]

    def first(self, request: Request) -> Response:
        """The first page, as it is now."""
        self._watcher.look()
        return self._page("panel.html", "Panel", parts={name: self._parts.html(name) for name in FIRST})

    def beside(self, request: Request) -> Response:
        """The shop, and the panel beside it."""
        return HTMLResponse(self._pages.render("beside.html"))

    def live(self, request: Request) -> Response:
        """The parts of the first page that have changed, as server-sent events."""
        return live.response(self._parts.changes(FIRST))

    def experiment(self, request: Request) -> Response:
        """The variants of the experiment that runs, and what they have earned so far."""
        self._watcher.look()
        parts = {name: self._parts.html(name) for name in ("stage", *EXPERIMENT)}
        return self._page("experiment.html", "Experiment", parts=parts)

    def experiment_live(self, request: Request) -> Response:
        """The result each time that it has changed, as server-sent events."""
        return live.response(self._parts.changes(EXPERIMENT))

    def click(self, request: Request) -> Response:
        """One click, step by step."""
        self._watcher.look()
        with self._watcher.reading() as trail:
            steps = trail.of(request.path_params["event_id"])
        if steps is None:
            return self._missing("That click is not among the newest.")
        return self._page("click.html", "A click", steps=steps, batch=_pretty(steps.click.batch))

    def left_out(self, request: Request) -> Response:
        """What was skipped for one reason: the newest batches."""
        reason = request.path_params["reason"]
        self._watcher.look()
        with self._watcher.reading() as trail:
            found = [(one, _pretty(one.batch)) for one in trail.left_out if one.reason == reason][:10]
        return self._page("left_out.html", f"Skipped: {reason}", reason=reason, found=found)

    def quarantine(self, request: Request) -> Response:
        """The newest objects of the quarantine, and what they hold."""
        return self._or_trouble(lambda: self._page("quarantine.html", "Quarantine", rows=self._quarantined()))

    def customers(self, request: Request) -> Response:
        """Profiles with their lists, a page of them, by mpid."""
        after = request.query_params.get("after", "")
        query: dict[str, Any] = {"limit": PROFILES} | ({"after": after} if after.lstrip("-").isdecimal() else {})

        def page() -> Response:
            answer = loopback.get(f"{self._places.mparticle}/_local/profiles", params=query).json()
            return self._page("customers.html", "Customers", profiles=answer["profiles"], next=answer["next"])

        return self._or_trouble(page)

    def customer(self, request: Request) -> Response:
        """One customer: the list with its reasons, and their newest clicks."""
        mpid = request.path_params["mpid"]
        if not mpid.lstrip("-").isdecimal():
            return self._missing("An mpid is a number.")
        newest = self._profiles.list_of(mpid)
        terms = self._profiles.terms(mpid, newest) if newest else {}
        listed = [(item_id, reasons(terms.get(item_id), self._name)) for item_id in (newest.item_ids if newest else ())]
        self._watcher.look()
        with self._watcher.reading() as trail:
            clicks = trail.newest(CLICKS, mpid)
        return self._page(
            "customer.html",
            f"Customer {mpid}",
            mpid=mpid,
            newest=newest,
            campaign=self._profiles.campaign(newest),
            listed=listed,
            clicks=clicks,
            now=time.time() * 1000,
        )

    def ledger(self, request: Request) -> Response:
        """Each interaction that was ever on the stream, and where it is."""
        return self._or_trouble(lambda: self._page("ledger.html", "Nothing lost", checked=self._ledger.check()))

    def cost(self, request: Request) -> Response:
        """What the last hour would have cost on AWS."""
        self._watcher.look()

        def page() -> Response:
            found = last_hour(self._places, self._watcher.counters.interactions, self._prices)
            return self._page("cost.html", "What it would cost", cost=found)

        try:
            return self._or_trouble(page)
        except PricesError as error:
            return self._missing(str(error))

    async def faults(self, request: Request) -> Response:
        """Switch a fault on or off: ``on`` is the name of a switch, ``off`` the ids of faults."""
        body = (await request.body())[:MOST_FORM_BYTES]
        form = parse_qs(body.decode("utf-8", "replace"))
        return await run_in_threadpool(self._or_trouble, lambda: self._switched(form))

    def _switched(self, form: Mapping[str, Sequence[str]]) -> Response:
        for name in form.get("on", ()):
            if name in switches.BY_NAME:
                switches.switch_on(self._places, name)
        switches.switch_off(self._places, form.get("off", ()))
        return RedirectResponse("/panel#faults-title", 303)

    def _quarantined(self) -> list[dict[str, Any]]:
        s3 = self._watcher.client("s3")
        page = s3.list_objects_v2(Bucket=self._places.quarantine_bucket)
        newest = sorted(page.get("Contents", ()), key=lambda entry: entry["LastModified"], reverse=True)[:20]
        bodies = (s3.get_object(Bucket=self._places.quarantine_bucket, Key=one["Key"])["Body"].read() for one in newest)
        return [json.loads(line) for body in bodies for line in body.splitlines()]

    def _or_trouble(self, page: Callable[[], Response]) -> Response:
        try:
            return page()
        except TROUBLE:
            return self._missing("A service does not answer. A fault may be on: see the panel.")

    def _missing(self, words: str) -> Response:
        return self._page("nothing.html", "Nothing to see", status=404, words=words)

    def _page(self, template: str, title: str, *, status: int = 200, **content: Any) -> Response:
        html = self._pages.render(template, title=title, name_of=self._name_or_id, **content)
        return HTMLResponse(html, status, {"Cache-Control": "no-store"})

    def _name(self, item_id: str) -> str | None:
        item = self._names.get(item_id)
        return item.name if item else None

    def _name_or_id(self, item_id: str) -> str:
        return self._name(item_id) or item_id


def _pretty(batch: Mapping[str, Any]) -> str:
    return json.dumps(batch, indent=2, ensure_ascii=False)
