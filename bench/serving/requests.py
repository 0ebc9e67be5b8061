"""Requests as they go over the wire, each for a random user or item."""

import json
import random
import time
from collections.abc import Callable, Sequence

from bench.open_loop import post
from bench.serving.shop import SCHEMA

Make = Callable[[int], bytes]
"""Takes the number of a request; returns its bytes."""

ACCOUNT = "123456789012"
AUTHORIZATION = f"AWS4-HMAC-SHA256 Credential=local/20261128/us-east-1/personalize/aws4_request, SignedHeaders=host, \
Signature={'0' * 64}"  # moto tells by it which service is meant


def recommendations(url: str, campaign: str, users: Sequence[str]) -> Make:
    """Return what makes requests for recommendations."""
    chance = random.Random(1)  # noqa: S311
    return lambda _: post(
        url,
        "/recommendations",
        json.dumps({"campaignArn": campaign, "userId": chance.choice(users), "numResults": 25}).encode(),
    )


def events(url: str, tracking_id: str, users: Sequence[str], items: Sequence[str], ids: str) -> Make:
    """Return what makes requests with one event each. ``ids``: begins the ids of the events."""
    chance = random.Random(2)  # noqa: S311

    def make(number: int) -> bytes:
        event = {
            "eventId": f"{ids}{number}",
            "eventType": "view",
            "itemId": chance.choice(items),
            "sentAt": int(time.time()),
        }
        user = chance.choice(users)
        body = {"trackingId": tracking_id, "userId": user, "sessionId": user, "eventList": [event]}
        return post(url, "/events", json.dumps(body).encode())

    return make


def schemas(url: str, operation: str, first: int = 0, known: int = 1) -> Make:
    """Return what makes requests for CreateSchema, DescribeSchema or ListSchemas.

    Names are numbered from ``first`` on; ``known`` of them can be described.
    """

    def make(number: int) -> bytes:
        arn = f"arn:aws:personalize:us-east-1:{ACCOUNT}:schema/schema{number % known}"
        body = {
            "CreateSchema": {"name": f"schema{first + number}", "schema": json.dumps(SCHEMA)},
            "DescribeSchema": {"schemaArn": arn},
            "ListSchemas": {},
        }[operation]
        headers = {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": f"AmazonPersonalize.{operation}",
            "authorization": AUTHORIZATION,
        }
        return post(url, "/", json.dumps(body).encode(), headers)

    return make
