"""What the tests of the commands share: a clone to run them in, and the worst environment to run them under."""

from collections.abc import Iterator, Mapping

import pytest

from tests.loop.clone import Clone

NOBODY_LISTENS = "http://127.0.0.1:9"  # the discard service's port


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return Clone(tmp_path_factory.mktemp("clone") / "personalize broker")


@pytest.fixture
def quiet_clone(clone: Clone) -> Iterator[Clone]:
    """A clone in which nothing may still run after the test, nor be left in its folder."""
    yield clone
    assert clone.is_quiet()
    assert not clone.local_env.exists()


@pytest.fixture(scope="session")
def hostile_environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Variables of somebody who works with AWS from behind a proxy, all of them wrong."""
    folder = tmp_path_factory.mktemp("hostile")
    config, module = folder / "config", folder / "boto3.py"
    config.write_text("[profile broken\nregion = mars-north-1\n")
    module.write_text("raise SystemExit('the wrong boto3')\n")
    proxies = {name: NOBODY_LISTENS for kind in ("http", "https", "all") for name in _both_cases(f"{kind}_proxy")}
    endpoints = dict.fromkeys(("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KINESIS", "AWS_ENDPOINT_URL_SQS"), NOBODY_LISTENS)
    return {
        **proxies,
        **dict.fromkeys(_both_cases("no_proxy"), ""),
        **endpoints,
        "AWS_PROFILE": "nonexistent",
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(config),
        "AWS_CA_BUNDLE": str(folder / "nonexistent.pem"),
        "REQUESTS_CA_BUNDLE": str(folder / "nonexistent.pem"),
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "not-a-secret",
        "AWS_REGION": "no such region",
        "AWS_DEFAULT_REGION": "mars-north-1",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "PYTHONPATH": str(folder),
        "TZ": "Asia/Kathmandu",
        "LC_ALL": "C",
    }


def _both_cases(name: str) -> tuple[str, str]:
    return name, name.upper()
