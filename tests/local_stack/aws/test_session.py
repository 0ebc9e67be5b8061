"""Local clients reach the local endpoint, whatever the user has set up for AWS."""

from pathlib import Path

import pytest

from local_stack.aws.session import local_client


def test_nothing_of_the_users_configuration_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config"
    config.write_text("[profile prod]\nregion = eu-west-1\nendpoint_url = http://real.invalid\nca_bundle = /nowhere\n")
    for name, value in {
        "AWS_PROFILE": "prod",
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(config),
        "AWS_ACCESS_KEY_ID": "REALKEY",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": "http://real.invalid",
        "AWS_CA_BUNDLE": "/nowhere",
        "AWS_RETRY_MODE": "no-such-mode",
        "AWS_MAX_ATTEMPTS": "many",
        "AWS_DEFAULTS_MODE": "none",
        "HTTP_PROXY": "http://proxy.invalid:1",
        "HTTPS_PROXY": "http://proxy.invalid:1",
        "http_proxy": "http://proxy.invalid:1",
    }.items():
        monkeypatch.setenv(name, value)

    client = local_client("sqs", "http://127.0.0.1:9")

    assert client.meta.endpoint_url == "http://127.0.0.1:9"
    assert client.meta.region_name == "us-east-1"
    assert client._request_signer._credentials.access_key == "local"
    assert client._endpoint.http_session._verify != "/nowhere"
    assert client._endpoint.http_session._proxy_config.proxy_url_for("http://127.0.0.1:9") is None


def test_a_profile_that_does_not_exist_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")

    assert local_client("kinesis", "http://127.0.0.1:9").meta.region_name == "us-east-1"
