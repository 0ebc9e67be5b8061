"""Jobs talk to an S3 on this machine and to no other; what it answers is said on one line."""

import io
import socket

import pytest

from personalize_local.errors import JobFailed
from personalize_local.jobs import s3
from tests.personalize_local.jobs.conftest import Bucket


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9", "https://127.1.2.3"]
)
def test_an_endpoint_on_this_machine_is_taken(endpoint: str) -> None:
    assert s3.loopback(f"{endpoint}/") == endpoint


@pytest.mark.parametrize("endpoint", [None, ""])
def test_without_an_endpoint_the_reason_says_what_to_do(endpoint: str | None) -> None:
    with pytest.raises(JobFailed, match=r"start the service with --s3-endpoint, .* or with --s3-folder"):
        s3.Store(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://s3.amazonaws.com",
        "http://10.0.0.1:9",
        "http://0.0.0.0:9",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "http://127.0.0.1:99999",
        "ftp://127.0.0.1",
        "127.0.0.1:9",
        "http://",
        "nonsense",
    ],
)
def test_any_other_endpoint_is_refused(endpoint: str) -> None:
    with pytest.raises(JobFailed, match="must be on this machine"):
        s3.Store(endpoint)


def test_what_one_reader_takes_for_the_host_is_all_that_is_called() -> None:
    assert s3.loopback("http://example.com\\@127.0.0.1:9/path?query") == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    "location", ["", "s3://", "s3:///key", "bucket/key", "https://bucket/key", "s3://UPPER/key", "s3://arn:aws:s3/key"]
)
def test_a_location_must_name_a_bucket(location: str) -> None:
    with pytest.raises(JobFailed, match="The location must be s3://bucket/key"):
        s3.parse(location)


def test_what_is_not_there_is_said(bucket: Bucket) -> None:
    store = s3.Store(bucket.endpoint)
    bucket.put("folder/", "")
    for key in ("missing.csv", "folder", "folder/", ""):
        with pytest.raises(JobFailed, match=f"^There is no object at {bucket.at(key)}$"):
            store.objects(bucket.at(key))
    with pytest.raises(
        JobFailed, match="s3://no-such-bucket/key could not be read: The specified bucket does not exist"
    ):
        store.objects("s3://no-such-bucket/key")
    with (
        pytest.raises(JobFailed, match="could not be read: The specified key does not exist"),
        store.open(s3.S3Object(bucket.name, "gone since")),
    ):
        pass
    with pytest.raises(JobFailed, match="s3://no-such-bucket/key could not be written"):
        store.put(s3.S3Object("no-such-bucket", "key"), io.BytesIO(b"a"))


def test_where_nobody_listens_no_s3_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(JobFailed, match=f"no S3 answers at http://127.0.0.1:{port}"):
        s3.Store(f"http://127.0.0.1:{port}").objects("s3://bucket/key")


def test_keys_are_shown_on_one_line_and_found_as_they_are(bucket: Bucket) -> None:
    bucket.put("in/a\u2028b ü%20.csv", "content")
    (found,) = s3.Store(bucket.endpoint).objects(bucket.at("in/"))
    assert found.name == bucket.at("in/a?b ü%20.csv")
    with s3.Store(bucket.endpoint).open(found) as stream:
        assert stream.read() == b"content"


def test_the_users_own_aws_settings_are_not_looked_at(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.put("a.csv", "content")
    for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_ENDPOINT_URL_S3", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert len(s3.Store(bucket.endpoint).objects(bucket.at("a.csv"))) == 1
