"""A server that uses mParticle's SDK for Python: ``server_sdk.py URL < {"single": [[CUSTOMER, ITEM], …], "bulk": …}``.

Each known customer looks at an item.
"""

import json
import sys
import time

import mparticle


def main() -> None:
    """Upload the views, the single ones one by one. Raises what the SDK raises."""
    configuration = mparticle.Configuration()
    configuration.host = sys.argv[1] + "/v2"
    configuration.api_key, configuration.api_secret = "till-key", "till-secret"
    api = mparticle.EventsApi(configuration)
    views = json.load(sys.stdin)
    for customer, item in views["single"]:
        api.upload_events(batch(customer, item))
    api.bulk_upload_events([batch(customer, item) for customer, item in views["bulk"]])


def batch(customer: str, item: str) -> mparticle.Batch:
    """Return a view, and a custom event with the flags of the SDK's own usage example."""
    now_ms = int(time.time() * 1000)
    product = mparticle.Product(id=item, name="Lamp", price=19.5)
    view = mparticle.CommerceEvent(mparticle.ProductAction("view_detail", products=[product]), now_ms)
    note = mparticle.AppEvent("Hello World", "navigation", now_ms)
    note.custom_flags = {"foo": "bar", "answer": 42, "arrays": ["foo", "bar", "baz"]}
    whole = mparticle.Batch()
    whole.environment = "production"
    whole.user_identities = mparticle.UserIdentities(customerid=customer)
    whole.events = [view, note]
    return whole


main()
