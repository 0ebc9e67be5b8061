"""The suppression list covers whom it was given and nobody else, names nobody, and is never lost or used wrongly."""

import io
from collections.abc import Mapping
from typing import Any

import pytest
from broker.failures import Misconfigured, Unavailable
from broker.suppression import SuppressionList, UnusableList, list_from_json
from broker.suppression_store import OBJECT, RELOAD_EVERY, SuppressionStore

from tests.broker.lambda_events import MPID, failures, message, record, visit
from tests.broker.stubs import BROKEN, DENIED, FAR, AwsClient, FakeTime, always, client_error
from tests.broker.test_ingest import World as IngestWorld
from tests.broker.test_refresh import World as RefreshWorld

KEY = "key-1"
ERASED = SuppressionList(KEY.encode()).with_users([MPID, "c-7"])


class StoredList(AwsClient):
    """S3 with the list's object, and its conditions."""

    def __init__(self, stored: bytes | None = None) -> None:
        self.stored, self.version = stored, 1
        super().__init__(get_object=self._get, put_object=self._put)

    def _get(self, request: Mapping[str, Any]) -> Any:
        if self.stored is None:
            return client_error("NoSuchKey", 404)
        if request.get("IfNoneMatch") == f'"{self.version}"':
            return client_error("304", 304)
        return {"Body": io.BytesIO(self.stored), "ETag": f'"{self.version}"'}

    def _put(self, request: Mapping[str, Any]) -> Any:
        is_newest = request.get("IfMatch") == f'"{self.version}"' and self.stored is not None
        if not is_newest and not (request.get("IfNoneMatch") == "*" and self.stored is None):
            return client_error("PreconditionFailed", 412)
        self.stored, self.version = request["Body"], self.version + 1
        return {}


def store(s3: StoredList, time: FakeTime, key: str = KEY) -> SuppressionStore:
    secrets = AwsClient(get_secret_value=always({"SecretString": key}))
    return SuppressionStore(lambda: s3, lambda: secrets, "control", "arn:key", time.time())


def test_a_list_covers_whom_it_was_given_as_a_number_or_as_text() -> None:
    assert [ERASED.covers(user) for user in (MPID, str(MPID), "c-7", MPID + 1, "c-77", "")] == [True] * 3 + [False] * 3
    assert not ERASED.without_users([MPID]).covers(MPID)
    assert ERASED.without_users([MPID]).covers("c-7")


def test_what_is_stored_names_nobody_and_comes_back_the_same() -> None:
    stored = ERASED.as_json()
    assert str(abs(MPID)).encode() not in stored
    assert KEY.encode() not in stored
    assert list_from_json(stored, KEY.encode()) == ERASED


@pytest.mark.parametrize("stored", [b"", b"[]", b"{}", b'{"key_check": "00", "users": ["x"]}', b"\xff"])
def test_what_is_no_list_is_refused(stored: bytes) -> None:
    with pytest.raises(UnusableList, match="can't be read"):
        list_from_json(stored, KEY.encode())


def test_under_another_key_the_list_is_refused_and_does_not_look_empty() -> None:
    with pytest.raises(Misconfigured, match="another key"):
        store(StoredList(ERASED.as_json()), FakeTime(), "key-2").current(FAR)


def test_without_an_object_the_list_is_empty() -> None:
    assert store(StoredList(), FakeTime()).current(FAR).digests == frozenset()


def test_a_process_asks_once_a_minute_and_reads_only_what_has_changed() -> None:
    s3, time = StoredList(ERASED.as_json()), FakeTime()
    kept = store(s3, time)
    for _ in range(5):
        assert kept.current(FAR) == ERASED
    assert len(s3.requests) == 1
    time.now += RELOAD_EVERY
    assert kept.current(FAR + RELOAD_EVERY) is kept.current(FAR + RELOAD_EVERY)
    assert [request.get("IfNoneMatch") for request in s3.requests] == [None, '"1"']
    s3.stored, s3.version = ERASED.with_users([5]).as_json(), 2
    time.now += RELOAD_EVERY
    assert kept.current(FAR + 2 * RELOAD_EVERY).covers(5)


def test_where_s3_does_not_answer_the_last_known_list_counts_and_without_one_nothing_is_known() -> None:
    s3, time = StoredList(ERASED.as_json()), FakeTime()
    kept = store(s3, time)
    assert kept.current(FAR) == ERASED
    s3.answers["get_object"] = always(BROKEN)
    time.now += 2 * RELOAD_EVERY
    assert kept.current(FAR + 2 * RELOAD_EVERY) == ERASED
    with pytest.raises(Unavailable):
        store(s3, time).current(FAR + 2 * RELOAD_EVERY)


def test_what_two_change_at_the_same_time_is_in_the_list_of_both() -> None:
    s3, time = StoredList(), FakeTime()
    one, other = store(s3, time), store(s3, time)

    def slowly(edited: SuppressionList) -> SuppressionList:
        if not edited.covers(2):
            other.change(lambda newest: newest.with_users([2]), FAR)
        return edited.with_users([1])

    assert one.change(slowly, FAR).digests == list_from_json(s3.stored or b"", KEY.encode()).digests
    assert [store(s3, time).current(FAR).covers(user) for user in (1, 2, 3)] == [True, True, False]
    assert {request.get("Key") for request in s3.requests} == {OBJECT}


def test_ingest_sends_nothing_of_a_user_on_the_list_and_asks_for_no_refresh() -> None:
    world = IngestWorld(
        suppressed=store(StoredList(SuppressionList(KEY.encode()).with_users([2]).as_json()), FakeTime())
    )
    assert world.run(record(1, visit(1)), record(2, visit(2)), record(3, visit(2), visit(3))) == []
    assert sorted(request["userId"] for request in world.events.of("put_events")) == ["1", "3"]
    assert sorted(world.asked()) == [1, 3]
    assert world.counts.reasons["Skipped", "suppressed"] == 2
    assert world.bucket.rows() == []


def test_ingest_waits_where_it_has_never_seen_the_list_and_fails_where_it_may_not() -> None:
    s3 = StoredList(ERASED.as_json())
    s3.answers["get_object"] = always(BROKEN)
    world = IngestWorld(suppressed=store(s3, FakeTime()))
    assert failures(world.ingest.run([record(1, visit(1))], FAR, world.counts)) == [""]
    assert world.events.requests == []
    s3.answers["get_object"] = always(DENIED)
    with pytest.raises(Misconfigured):
        world.run(record(1, visit(1)))


def test_refresh_writes_no_profile_of_a_user_on_the_list_and_is_done_with_the_message() -> None:
    world = RefreshWorld(suppressed=store(StoredList(ERASED.as_json()), FakeTime()))
    assert world.run(message("a", MPID), message("b", 5)) == []
    assert world.asked() == [5]
    assert str(abs(MPID)) not in str(world.end.posts)
    assert world.counts.reasons["Skipped", "suppressed"] == 1


def test_refresh_retries_where_it_has_never_seen_the_list() -> None:
    s3 = StoredList()
    s3.answers["get_object"] = always(BROKEN)
    world = RefreshWorld(suppressed=store(s3, FakeTime()))
    assert world.run(message("a", 5)) == ["a"]
    assert world.asked() == []
