"""What a page reports: the arguments for the web SDK's calls, which the page's script makes. Pure.

A page never reports by itself what the visitor did on the page before: the server writes it into the next page. So a
click is reported once, whether or not the browser waits.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from local_stack.items4u.catalogue import Item

SLOT = "for-you"
"""The name of the list of impressions (``product_impression_list``)."""
Event = dict[str, Any]


def product(item: Item, quantity: int = 1, position: int | None = None) -> dict[str, Any]:
    """Return an item as the SDK's ``createProduct`` takes it."""
    return {
        "name": item.name,
        "sku": item.id,
        "price": item.price,
        "quantity": quantity,
        "variant": item.style,
        "category": item.category,
        "brand": item.brand,
        "position": position,
    }


def action(kind: str, items: Sequence[Item], attributes: Mapping[str, str] | None = None) -> Event:
    """Return a product action: ``view_detail``, ``add_to_cart``, ``remove_from_cart``, ``add_to_wishlist`` …"""
    return {"kind": kind, "products": [product(item) for item in items], "attributes": dict(attributes or {})}


def from_list(list_id: str | None) -> dict[str, str]:
    """Return the attributes of an event that comes from a list: Personalize's id of it; none if it has none."""
    return {"product_recs_id": list_id} if list_id else {}


def impression(items: Sequence[Item], list_id: str | None) -> Event:
    """Return the impressions of the slot."""
    shown = [product(item, position=place) for place, item in enumerate(items, 1)]
    return {"kind": "impression", "list": SLOT, "products": shown, "attributes": from_list(list_id)}


def purchase(lines: Sequence[tuple[Item, int]], order: str) -> Event:
    """Return the event of an order: one line a product."""
    total = round(sum(item.price * quantity for item, quantity in lines), 2)
    return {
        "kind": "purchase",
        "products": [product(item, quantity, place) for place, (item, quantity) in enumerate(lines, 1)],
        "attributes": {},
        "transaction": {"Id": order, "Revenue": total, "Affiliation": "web"},
    }
