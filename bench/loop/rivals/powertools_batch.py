"""The same calls around the BatchProcessor of Powertools for AWS Lambda, as a careful team would write it.

Each record by itself: all of its events, in calls of at most ten; then the user's recommendations and one upload. A
record that fails is reported, and the others go on. Clients are kept, with short time-outs and boto3's own retries.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import boto3
import requests
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.kinesis_stream_event import KinesisStreamRecord
from botocore.config import Config

REPORTED = frozenset({"view_detail", "add_to_cart", "add_to_wishlist", "purchase"})
MAX_EVENTS = 10  # of one PutEvents call
CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})

personalize_events = boto3.client("personalize-events", config=CONFIG)
personalize_runtime = boto3.client("personalize-runtime", config=CONFIG)
mparticle = requests.Session()
processor = BatchProcessor(event_type=EventType.KinesisDataStreams)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer Lambda's Kinesis event with the records that failed."""
    return dict(process_partial_response(event, process, processor, context))


def process(record: KinesisStreamRecord) -> None:
    """Do the whole loop for one record."""
    batch = record.kinesis.data_as_json()
    if batch["environment"] != "production":
        return
    interactions = list(_interactions(batch))
    if not interactions:
        return
    mpid = int(batch["mpid"])
    for first in range(0, len(interactions), MAX_EVENTS):
        personalize_events.put_events(
            trackingId=os.environ["TRACKING_ID"],
            userId=str(mpid),
            sessionId=_session(batch),
            eventList=interactions[first : first + MAX_EVENTS],
        )
    answer = personalize_runtime.get_recommendations(
        campaignArn=os.environ["CAMPAIGN_ARN"], userId=str(mpid), numResults=10
    )
    items = [item["itemId"] for item in answer["itemList"]]
    profile = {"environment": "production", "mpid": mpid, "user_attributes": {"product_recs": items}}
    reply = mparticle.post(
        f"{os.environ['MPARTICLE_URL']}/v2/events", json=profile, auth=("key", "secret"), timeout=(2, 8)
    )
    reply.raise_for_status()


def _interactions(batch: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for event in batch["events"]:
        data = event["data"]
        action = data.get("product_action")
        if event["event_type"] != "commerce_event" or not action or action["action"] not in REPORTED:
            continue
        for index, product in enumerate(action["products"]):
            if "id" in product:
                yield {
                    "eventId": f"{data.get('event_id') or data.get('source_message_id')}-{index}",
                    "eventType": action["action"],
                    "sentAt": int(data["timestamp_unixtime_ms"]) // 1000,
                    "properties": json.dumps({"itemId": str(product["id"])}),
                }


def _session(batch: dict[str, Any]) -> str:
    sessions = (event["data"].get("session_uuid") for event in batch["events"])
    return next(filter(None, sessions), str(batch["message_id"]))
