"""The loads: a rate or all that a service can take, the latencies and the processor time of each."""

import os

from bench.open_loop import Measured, drive, saturate
from bench.serving.figures import Figures
from bench.serving.requests import Make, events, recommendations, schemas
from bench.serving.services import Service
from bench.serving.shop import ServedShop
from recommender_models.interactions import InteractionColumns

SCHEMAS = 50  # that List and Describe show
CALLS = 1000


class Load:
    """Measures services, and adds what it measures to the figures."""

    def __init__(self, figures: Figures, columns: InteractionColumns) -> None:
        self._figures = figures
        self._columns = columns

    def recommendations(self, shops: list[ServedShop], rate: float, seconds: float, rounds: int) -> None:
        """Ask each service for recommendations while it trains, in turns."""
        name = f"GetRecommendations at {rate:g}/s, in training"
        makes = {shop: recommendations(shop.service.url, shop.campaign, self._columns.user_ids) for shop in shops}
        total = {shop: Measured() for shop in shops}
        used = dict.fromkeys(shops, 0.0)
        for shop, make in makes.items():
            drive(shop.service.url, make, rate=50, seconds=2)  # the model is read at the first request
        for _ in range(rounds):
            for shop, make in makes.items():
                with shop.training_all_along():
                    before = shop.service.processor_seconds()
                    total[shop] += drive(shop.service.url, make, rate=rate, seconds=seconds / rounds)
                    used[shop] += shop.service.processor_seconds() - before
        for shop in shops:
            self._add(name, shop.service, total[shop], used[shop], seconds)

    def alone(self, shop: ServedShop, make: Make, rate: float, seconds: float) -> None:
        """Ask a service for recommendations that does nothing else."""
        self._drive("GetRecommendations", shop.service, make, rate, seconds)

    def events(self, shop: ServedShop, rate: float, seconds: float) -> None:
        """Put one event a request at a rate, with the quotas, and then as many as go in, without them."""
        service, users, items = shop.service, self._columns.user_ids, self._columns.item_ids
        make = events(service.url, shop.tracking_id, users, items, "e")
        self._drive("PutEvents", service, make, rate, seconds)
        service.disable_throttling()
        most = saturate(service.url, events(service.url, shop.tracking_id, users, items, "m"), int(20 * rate))
        self._figures.add("PutEvents without quotas, most", service.name, len(most.seconds) / most.lasted, "/s")
        self._figures.add("PutEvents without quotas, refused", service.name, len(most.refused), "")

    def schemas(self, service: Service) -> None:
        """Call what moto serves, too."""
        saturate(service.url, schemas(service.url, "CreateSchema"), SCHEMAS, connections=1)
        for operation in ("ListSchemas", "DescribeSchema", "CreateSchema"):
            make = schemas(service.url, operation, first=SCHEMAS, known=SCHEMAS)
            before = service.processor_seconds()
            measured = saturate(service.url, make, CALLS, connections=1)
            used = service.processor_seconds() - before
            if measured.refused:
                raise SystemExit(f"{service.name} refuses {operation}: {measured.refused[0]!r}")
            self._figures.add(operation, service.name, 1000 * measured.lasted / CALLS, "ms")
            self._processor(operation, service, measured, used)

    def _drive(self, operation: str, service: Service, make: Make, rate: float, seconds: float) -> None:
        before = service.processor_seconds()
        measured = drive(service.url, make, rate=rate, seconds=seconds)
        used = service.processor_seconds() - before
        self._add(f"{operation} at {rate:g}/s", service, measured, used, seconds)

    def _add(self, name: str, service: Service, measured: Measured, used: float, seconds: float) -> None:
        add = self._figures.add
        add(f"{name}, p50", service.name, measured.percentile(0.5), "ms")
        add(f"{name}, p99", service.name, measured.percentile(0.99), "ms")
        add(f"{name}, worst", service.name, measured.percentile(1), "ms")
        add(f"{name}, refused", service.name, len(measured.refused), "")
        add(f"{name}, behind at the end", service.name, max(0.0, measured.lasted - seconds), "s")
        self._processor(name, service, measured, used)
        add(f"{name}, load of the machine", service.name, os.getloadavg()[0], "")

    def _processor(self, name: str, service: Service, measured: Measured, used: float) -> None:
        self._figures.add(f"{name}, processor time", service.name, 1e6 * used / len(measured.seconds), "µs")
