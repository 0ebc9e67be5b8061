"""moto's services that speak JSON, without Flask, which takes a third of a request's time."""

import functools
from collections.abc import Callable, Iterable
from typing import Any, Literal

from moto.core.request import Request
from moto.dynamodb.responses import DynamoHandler
from moto.kinesis.responses import KinesisResponse
from moto.moto_server.werkzeug_app import create_backend_app
from moto.secretsmanager.responses import SecretsManagerResponse
from moto.sqs.responses import SQSResponse
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
JsonService = Literal["dynamodb", "kinesis", "sqs", "secretsmanager"]
_RESPONSES: dict[JsonService, Callable[..., Any]] = {
    "dynamodb": DynamoHandler.dispatch,
    "kinesis": KinesisResponse.dispatch,
    "sqs": SQSResponse.dispatch,
    "secretsmanager": SecretsManagerResponse.dispatch,
}


class _ServedRequest(Request):
    """A request that came over HTTP, as moto marks it."""

    from_wsgi_server = True


def json_app(service: JsonService) -> WsgiApp:
    """Return a service's WSGI application; a request without a target (the query protocol) takes moto's own."""
    dispatch = _RESPONSES[service]
    whole = functools.cache(lambda: create_backend_app(service))

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if "HTTP_X_AMZ_TARGET" not in environ:
            return whole()(environ, start_response)
        request = _ServedRequest(environ)
        try:
            status, headers, content = dispatch(request, request.raw_url, dict(request.headers))
        except HTTPException as error:
            return error.get_response(environ)(environ, start_response)  # type: ignore[arg-type]
        return Response(content, status, headers)(environ, start_response)  # type: ignore[arg-type]

    return app
