"""The function of the AWS blog article on mParticle and Amazon Personalize, as we render it in Python.

One record after the other: decode it, put its events, ask for recommendations, post them to mParticle. The article's
function is JavaScript; kept from it are the order of the calls, one call of each kind per record, the record's message
id as the session, and an error that costs the record. Kinder than the article: clients and connections are kept, and
the text is UTF-8.
"""

import base64
import json
import os
from typing import Any

import boto3
import requests
from botocore.exceptions import BotoCoreError, ClientError

REPORTED = ("view_detail", "add_to_cart", "add_to_wishlist", "purchase")

personalize_events = boto3.client("personalize-events")
personalize_runtime = boto3.client("personalize-runtime")
mparticle = requests.Session()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Do the whole loop for each record."""
    for record in event["Records"]:
        batch = json.loads(base64.b64decode(record["kinesis"]["data"]))
        interactions = _interactions(batch["events"])
        if interactions:
            try:
                _refresh(batch, interactions)
            except (BotoCoreError, ClientError, requests.RequestException) as error:
                print(error)  # and goes on: the record is lost
    return {"batchItemFailures": []}


def _interactions(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    interactions: list[dict[str, Any]] = []
    for event in events:
        data = event["data"]
        action = data.get("product_action")
        if event["event_type"] == "commerce_event" and action and action["action"] in REPORTED:
            interactions += [
                {
                    "eventId": str(data["event_id"]),
                    "eventType": action["action"],
                    "sentAt": int(data["timestamp_unixtime_ms"]) // 1000,
                    "properties": json.dumps({"itemId": product["id"]}),
                }
                for product in action["products"]
                if "id" in product
            ]
    return interactions


def _refresh(batch: dict[str, Any], interactions: list[dict[str, Any]]) -> None:
    mpid = str(batch["mpid"])
    personalize_events.put_events(
        trackingId=os.environ["TRACKING_ID"], sessionId=batch["message_id"], userId=mpid, eventList=interactions
    )
    answer = personalize_runtime.get_recommendations(campaignArn=os.environ["CAMPAIGN_ARN"], userId=mpid, numResults=10)
    items = [item["itemId"] for item in answer["itemList"]]
    update = {
        "event_type": "custom_event",
        "data": {
            "event_name": "AWS Recs Update",
            "custom_event_type": "other",
            "custom_attributes": {"product_recs": ",".join(items)},
        },
    }
    profile = {
        "environment": "development",
        "mpid": int(mpid),
        "user_attributes": {"product_recs": items},
        "events": [update],
    }
    mparticle.post(f"{os.environ['MPARTICLE_URL']}/v2/events", json=profile, auth=("key", "secret"), timeout=10)
