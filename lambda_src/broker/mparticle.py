"""mParticle's Events API: uploads of profiles. Knows its answers, its retry rule and where its secret is kept.

202 is acceptance. 401 and 403 are about the key. 429 and 5xx are temporary (with ``Retry-After`` in seconds). Any other
4xx is about what was sent (mParticle HTTP API, "Responses"). 429 and 503 say that nothing was taken; after another 5xx,
or no answer, what was sent may still be processed.
"""

import functools
import json
import threading
from collections.abc import Callable, Sequence
from typing import Any

import requests
from requests.adapters import DEFAULT_CA_BUNDLE_PATH, HTTPAdapter

from broker.clock import Clock
from broker.failures import Failure, Misconfigured, Rejected, Unavailable, aws_call
from broker.profile import Upload, bulk_body
from broker.rate_limit import Calls, RateLimiter
from broker.retry import Retry
from broker.tls import tls_context

RETRY = Retry(attempts=3, base=0.2, cap=2.0)
TIMEOUT = (2.0, 8.0)  # seconds to connect, seconds to answer


class _KeyRefused(Misconfigured):
    pass


class MParticle:
    """One custom feed's key at one pod; ``secrets()`` gives a boto3 Secrets Manager client.

    ``pace`` spaces the batches, of which a request holds up to a hundred.
    """

    def __init__(
        self,
        session: requests.Session,
        url: str,
        secrets: Callable[[], Any],
        secret_arn: str,
        clock: Clock,
        pace: RateLimiter | None = None,
    ) -> None:
        self._session = session
        self._url = f"{url}/v2/bulkevents"
        self._secrets = secrets
        self._secret_arn = secret_arn
        self._clock = clock
        self._pace = pace
        self._lock = threading.Lock()
        self._auth: tuple[str, str] | None = None

    def upload(self, uploads: Sequence[Upload], deadline: float) -> None:
        """Post one bulk request. Raises Failure; a refused key is read once more, since it may have been rotated."""
        body = bulk_body(uploads)
        auth = self._credentials(None, deadline)
        post = functools.partial(RETRY.call, clock=self._clock, deadline=deadline, pace=self._pace, calls=len(uploads))
        try:
            post(lambda: self._post(body, auth))
        except _KeyRefused as refused:
            try:
                new = self._credentials(auth, deadline)
                post(lambda: self._post(body, new))
            except Failure as failure:
                failure.may_have_landed |= refused.may_have_landed
                raise

    def take_calls(self) -> Calls:
        """Return the batches since this was asked last."""
        return self._pace.take_calls() if self._pace else Calls()

    def _post(self, body: bytes, auth: tuple[str, str]) -> None:
        headers = {"Content-Type": "application/json"}
        try:
            answer = self._session.post(
                self._url, data=body, auth=auth, headers=headers, timeout=TIMEOUT, allow_redirects=False
            )
        except requests.RequestException as error:
            raise Unavailable(f"mParticle: {type(error).__name__}", may_have_landed=True) from None
        status = answer.status_code
        if status == 429 or status >= 500:
            wait = answer.headers.get("Retry-After", "")
            seconds = float(wait) if wait.isascii() and wait.isdigit() else None
            raise Unavailable(
                f"mParticle: {status}",
                throttled=status == 429,
                may_have_landed=status not in (429, 503),
                retry_after=seconds,
            )
        if status in (401, 403):
            raise _KeyRefused("mParticle refuses the key in the secret")
        if 400 <= status < 500:
            raise Rejected(f"mParticle: {status}")
        if not 200 <= status < 300:
            raise Misconfigured(f"mParticle: {status}: is the URL right?")

    def _credentials(self, refused: tuple[str, str] | None, deadline: float) -> tuple[str, str]:
        """Return key and secret; read them if there are none yet, or if the newest ones were refused."""
        with self._lock:
            if self._auth is None or self._auth == refused:
                call = functools.partial(aws_call, self._secrets().get_secret_value, SecretId=self._secret_arn)
                self._auth = key_and_secret(RETRY.call(call, self._clock, deadline).get("SecretString"))
            return self._auth


def session(connections: int) -> requests.Session:
    """Return a session that keeps this many connections open."""
    http = requests.Session()
    http.mount("https://", _Adapter(pool_connections=1, pool_maxsize=connections))
    http.mount("http://", _Adapter(pool_connections=1, pool_maxsize=connections))
    return http


class _Adapter(HTTPAdapter):
    """Gives its connections the process's TLS context; the one of requests reads its certificates for each of them."""

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: bool | str, cert: Any = None
    ) -> Any:
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        bundle = verify if isinstance(verify, str) else DEFAULT_CA_BUNDLE_PATH
        return host, {"ssl_context": tls_context(bundle)} if host["scheme"] == "https" else {}

    def cert_verify(self, conn: Any, url: str, verify: bool | str, cert: Any) -> None:
        """Nothing is left to do: the context verifies."""


def key_and_secret(text: object) -> tuple[str, str]:
    """Return the pair in the JSON that Secrets Manager keeps. Raises Misconfigured, which never repeats the text."""
    try:
        fields = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        fields = None
    key, secret = (fields.get("key"), fields.get("secret")) if isinstance(fields, dict) else (None, None)
    if isinstance(key, str) and isinstance(secret, str) and key and secret and (key + secret).isascii():
        return key, secret
    raise Misconfigured('the mParticle secret is not of the form {"key": "…", "secret": "…"}, both in ASCII')
