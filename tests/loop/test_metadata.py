"""Users and items from the stream to their datasets on the local stack, beside a catalogue and an erasure."""

import csv
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from broker.metadata.table import KEY

from cli.serve import local_metadata
from local_stack.settings import LocalStackSettings
from local_stack.stack import Stack
from tests.infra.test_metadata import settings_with
from tests.loop.clone import eventually
from tests.loop.stack_commands import Broker, commands

MUG = {"id": "mug", "name": "Mug", "price": 12.5, "brand": "Kiln"}
CUP = {"id": "cup", "name": "Cup", "price": 5.0}
CATALOGUE = "ITEM_ID,NAME,PRICE,CREATION_TIMESTAMP\ncup,Cup of the catalogue,6,1700000000\n"

pytestmark = pytest.mark.server


class Shop:
    """Puts batches on the stream of a stack, and reads what its datasets have."""

    def __init__(self, stack: Stack, broker: Broker, folder: Path) -> None:
        self.stack, self.broker, self._folder = stack, broker, folder
        self._events = 0

    def views(self, *products: Any, mpid: int = 7, **fields: Any) -> None:
        """Put a view of products by a user, and wait until all of it has arrived."""
        self._events += 1
        now_ms = int(time.time() * 1000)
        data = {"timestamp_unixtime_ms": now_ms, "event_id": str(self._events)}
        data |= {"product_action": {"action": "view_detail", "products": list(products)}}
        batch = {"mpid": mpid, "timestamp_unixtime_ms": now_ms, "environment": "production", **fields}
        batch["events"] = [{"event_type": "commerce_event", "data": data}]
        stream = self.stack.resources.stream_name
        self.stack.client("kinesis").put_record(StreamName=stream, Data=json.dumps(batch).encode(), PartitionKey="7")
        self.stack.put_directly += 1
        assert eventually(self.stack.is_idle)

    def dataset(self, name: str) -> dict[str, dict[str, str]]:
        """Return the rows of a dataset by the id."""
        path = self._folder / f"{name}-{self._events}.csv"
        done = self.broker("export", "--dataset", name, "--out", path)
        assert done.exit_code == 0, done.output
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        return {next(iter(row.values())): row for row in rows}

    def known(self) -> set[str]:
        """Return the keys of the table."""
        items = self.stack.client("dynamodb").scan(TableName=self.stack.resources.metadata_table)["Items"]
        return {item[KEY]["S"] for item in items}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    metadata = local_metadata(settings_with())
    with Stack(LocalStackSettings(metadata=metadata)) as stack, commands(stack, lambda *_: None) as broker:  # type: ignore[arg-type, return-value]
        yield Shop(stack, broker, tmp_path_factory.mktemp("shop"))


def test_the_loop_brings_users_and_items_keeps_a_catalogue_and_forgets(shop: Shop, tmp_path: Path) -> None:
    shop.views(MUG, user_attributes={"age_band": "30-39", "member_level": "gold", "email": "anna@example.com"})
    assert shop.dataset("users") == {"7": {"USER_ID": "7", "AGE_BAND": "30-39", "MEMBER_LEVEL": "gold"}}

    (tmp_path / "catalogue.csv").write_text(CATALOGUE)
    imported = shop.broker("backfill", tmp_path / "catalogue.csv", "--dataset", "items")
    assert (imported.exit_code, "1 items are known to the stream" in imported.output) == (0, True)

    shop.views(MUG | {"price": 0.01}, CUP, user_attributes={"member_level": "silver"})
    items = shop.dataset("items")
    assert (items["mug"]["PRICE"], items["mug"]["BRAND"]) == ("12.5", "Kiln")
    assert (items["cup"]["NAME"], float(items["cup"]["PRICE"])) == ("Cup of the catalogue", 6.0)
    assert shop.dataset("users")["7"] == {"USER_ID": "7", "AGE_BAND": "30-39", "MEMBER_LEVEL": "silver"}

    forgotten = shop.broker("forget", "7", "--yes")
    assert forgotten.exit_code == 0, forgotten.output
    assert shop.known() == {"items:mug", "items:cup"}
    ingest = shop.stack.ingest
    ingest.update_environment(ingest.environment)  # a new process, which reads the suppression list again
    shop.views(MUG, user_attributes={"member_level": "gold"})
    assert shop.known() == {"items:mug", "items:cup"}
