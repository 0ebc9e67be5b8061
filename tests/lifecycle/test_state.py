"""Who is deleted from the table of states, and that nobody is left there."""

from typing import Any

import pytest
from broker.clock import Clock
from broker.failures import Unavailable

from lifecycle.state import MOST, erase, mpids

TABLE = "state"


class Table:
    """A stub of DynamoDB with one table: of each request it leaves the last deletions out, as many as it is told to."""

    def __init__(self, users: set[str], left_out: list[int]) -> None:
        self.users = users
        self.sizes: list[int] = []
        self._left_out = left_out

    def batch_write_item(self, RequestItems: dict[str, list[Any]]) -> dict[str, Any]:
        (requests,) = RequestItems.values()
        assert len(requests) <= 25, "DynamoDB takes no more"
        self.sizes.append(len(requests))
        taken = len(requests) - (self._left_out.pop(0) if self._left_out else 0)
        self.users -= {request["DeleteRequest"]["Key"]["mpid"]["N"] for request in requests[:taken]}
        return {"UnprocessedItems": {TABLE: requests[taken:]} if requests[taken:] else {}}


class Pauses:
    def __init__(self) -> None:
        self.seconds: list[float] = []

    @property
    def clock(self) -> Clock:
        return Clock(lambda: 0.0, self.seconds.append, lambda: 1.0)


def test_an_id_that_is_no_mpid_is_not_asked_for_and_none_twice() -> None:
    assert mpids(["7", "-7346244611012968789", "guest-3", "7", str(2**63)]) == ["7", "-7346244611012968789"]


def test_many_users_are_deleted_in_batches_and_others_stay() -> None:
    table = Table({*map(str, range(100))}, [])
    erase(table, TABLE, map(str, range(60)), Pauses().clock)
    assert table.users == {*map(str, range(60, 100))}
    assert table.sizes == [MOST, MOST, 10]


def test_what_was_left_out_is_sent_again_after_a_growing_pause() -> None:
    table, pauses = Table({*map(str, range(30))}, [20, 5]), Pauses()
    erase(table, TABLE, map(str, range(30)), pauses.clock)
    assert table.users == set()
    assert table.sizes == [25, 20, 5, 5]
    assert pauses.seconds == sorted(pauses.seconds)
    assert len(pauses.seconds) == 2


def test_a_table_that_takes_nothing_is_an_error_in_the_end() -> None:
    with pytest.raises(Unavailable, match="1 of 1 not taken"):
        erase(Table({"1"}, [1] * 100), TABLE, ["1"], Pauses().clock)


def test_nobody_is_no_request() -> None:
    table = Table(set(), [])
    erase(table, TABLE, ["guest"], Pauses().clock)
    assert table.sizes == []
