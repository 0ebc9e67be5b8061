"""HTTP to the local services, without the machine's proxy, certificates and .netrc."""

from typing import Any

import requests


def get(url: str, *, params: dict[str, Any] | None = None, timeout: float = 10.0) -> requests.Response:
    """Return the answer to a GET request; ``timeout`` in seconds. Raises requests.RequestException."""
    return call("GET", url, params=params, timeout=timeout)


def post(url: str, *, json: object, timeout: float = 10.0) -> requests.Response:
    """Return the answer to a POST request with a JSON body. Raises requests.RequestException."""
    return call("POST", url, json=json, timeout=timeout)


def delete(url: str, *, timeout: float = 10.0) -> requests.Response:
    """Return the answer to a DELETE request. Raises requests.RequestException."""
    return call("DELETE", url, timeout=timeout)


def call(method: str, url: str, **request: Any) -> requests.Response:
    """Return the answer to a request; arguments as for ``requests.request``. Raises requests.RequestException."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, **request)
