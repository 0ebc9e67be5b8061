"""How lists on their way to profiles are gathered into requests."""

import pytest
from broker.profile import Upload, bulk_body
from broker.upload_stream import WINDOW, UploadStream

from tests.broker.stubs import NOW, FakeTime


def sized(number: int, size: int) -> Upload:
    return Upload(number, b"x" * size, NOW)


@pytest.mark.parametrize(
    ("sizes", "requests"),
    [
        ([], []),
        ([10], [1]),
        ([10] * 100, [100]),
        ([10] * 101, [100, 1]),
        ([10] * 250, [100, 100, 50]),
        ([127_998, 127_998], [2]),
        ([127_998, 127_999], [1, 1]),
        ([100_000] * 5, [2, 2, 1]),
        ([2559] * 99 + [2558], [99, 1]),
    ],
)
def test_a_request_holds_at_most_100_batches_and_256_kb_in_order(sizes: list[int], requests: list[int]) -> None:
    uploads = [sized(number, size) for number, size in enumerate(sizes)]
    packed: list[list[Upload]] = []
    stream = UploadStream(lambda request: packed.append(list(request)), FakeTime().time())
    for upload in uploads:
        stream.add(upload)
    stream.flush()
    assert [len(request) for request in packed] == requests
    assert [one for request in packed for one in request] == uploads
    assert all(len(bulk_body(request)) <= 256_000 for request in packed)


def test_what_was_gathered_is_sent_after_a_second_also_if_a_request_was_full_before() -> None:
    fake = FakeTime()
    packed: list[int] = []
    stream = UploadStream(lambda request: packed.append(len(request)), fake.time())
    for number in range(101):
        stream.add(sized(number, 10))
        fake.now += 0.001
    assert packed == [100]
    fake.now += WINDOW - 0.002
    stream.flush_due()
    assert packed == [100]
    fake.now += 0.002
    stream.flush_due()
    assert packed == [100, 1]
