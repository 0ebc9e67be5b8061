"""The ledger while customers click: what arrives between two of its looks is neither lost nor unexpected."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from broker.batch import Batch, decode
from broker.interactions import Rules, extract

from shop.panel.ledger import Checked, Ledger
from shop.places import Places
from tests.http_server import QuietHandler, serving
from tests.shop.test_pages import PLACES

NOW = 1_795_000_000_000


@dataclass
class World:
    """A stream of one shard. Whoever looks at anything sees it as it is, and at once the next click is delivered.

    ``loses``: the number of the click that is read from the stream, and does not reach Personalize.
    """

    loses: int = -1
    records: list[bytes] = field(default_factory=list)
    accepted: list[dict[str, Any]] = field(default_factory=list)

    def look(self, seen: Any) -> Any:
        self.click(len(self.records))
        return seen

    def click(self, number: int) -> None:
        action = {"action": "view_detail", "products": [{"id": f"ITEM-{number}"}]}
        data = {"product_action": action, "timestamp_unixtime_ms": NOW, "event_id": number}
        event = {"event_type": "commerce_event", "data": data}
        record = json.dumps({"mpid": 7, "environment": "production", "events": [event]}).encode()
        [batch] = decode(record, NOW)
        assert isinstance(batch, Batch)
        [interaction] = extract(batch, Rules())[0]
        self.records.append(record)
        if number != self.loses:
            self.accepted.append({"userId": "7", **interaction.as_event()})

    def answer(self, url: str) -> Any:
        after = int(parse_qs(urlsplit(url).query).get("after", ["0"])[0])
        if url.startswith("/_local/positions"):
            return self.look({"shard": str(len(self.records) - 1)})
        return self.look({"events": self.accepted[after:]})

    def client(self, service: str) -> Any:
        if service == "s3":
            page: dict[str, Any] = self.look({})
            return SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=lambda **_: [page]))
        return SimpleNamespace(
            list_shards=lambda **_: {"Shards": [{"ShardId": "shard"}]},
            get_shard_iterator=lambda **_: {"ShardIterator": "0"},
            get_records=self.get_records,
        )

    def get_records(self, ShardIterator: str, **_: Any) -> Any:
        first, arrived = int(ShardIterator), datetime.fromtimestamp(NOW / 1000, UTC)
        rows = [
            {"SequenceNumber": str(first + place), "Data": data, "ApproximateArrivalTimestamp": arrived}
            for place, data in enumerate(self.records[first:])
        ]
        return self.look({"Records": rows, "NextShardIterator": str(len(self.records))})


def checked(world: World, times: int) -> list[Checked]:
    class Handler(QuietHandler):
        def do_GET(self) -> None:
            self.answer(200, json.dumps(world.answer(self.path)).encode(), Content_Type="application/json")

    with serving(Handler) as url:
        places = Places(**{**vars(PLACES), "functions": url, "personalize": url})
        ledger = Ledger(places, world.client)
        return [ledger.check() for _ in range(times)]


def test_what_comes_while_it_looks_is_in_its_place() -> None:
    found = checked(World(), 3)
    assert [(one.holds, one.lost, one.unexpected) for one in found] == [(True, 0, 0)] * 3
    assert found[0].entries < found[1].entries < found[2].entries


def test_a_click_that_is_read_and_nowhere_is_lost() -> None:
    assert [(one.holds, one.lost) for one in checked(World(loses=1), 2)][-1] == (False, 1)
