"""The events that Items4U's web site, apps and tills log, in mParticle's input form, still without timestamps."""

from collections.abc import Sequence
from typing import Any

from local_stack.items4u.catalogue import Item

Event = dict[str, Any]

_COMMERCE_NAMES = {
    "view_detail": "View Detail",
    "add_to_cart": "Add to Cart",
    "remove_from_cart": "Remove from Cart",
    "add_to_wishlist": "Add to Wishlist",
    "checkout": "Checkout",
    "purchase": "Purchase",
}


def product(item: Item, position: int = 1, quantity: int = 1, *, with_id: bool = True) -> dict[str, Any]:
    """Return an item as a product of a commerce event."""
    return {
        **({"id": item.id} if with_id else {}),
        "name": item.name,
        "brand": item.brand,
        "category": item.category,
        "variant": item.style,
        "position": position,
        "price": item.price,
        "quantity": quantity,
        "total_product_amount": round(item.price * quantity, 2),
    }


def commerce(action: str, products: Sequence[dict[str, Any]], transaction_id: str | None = None) -> Event:
    """Return a commerce event with a product action."""
    total = round(sum(each["total_product_amount"] for each in products), 2)
    action_data: dict[str, Any] = {"action": action, "products": list(products)}
    if transaction_id:
        action_data |= {"transaction_id": transaction_id, "total_amount": total, "tax_amount": round(total * 0.07, 2)}
    return _event(
        "commerce_event",
        product_action=action_data,
        currency_code="USD",
        event_name=f"eCommerce - {_COMMERCE_NAMES[action]}",
        custom_event_type=action,
    )


def promotion(action: str, name: str) -> Event:
    """Return a promotion view or click: a commerce event without a product action."""
    return _event(
        "commerce_event",
        promotion_action={"action": action, "promotions": [{"id": f"promo-{name}", "name": name, "position": "hero"}]},
        event_name=f"eCommerce - Promotion {action.title()}",
        custom_event_type=f"promotion_{action}",
    )


def impressions(shelf: str, items: Sequence[Item]) -> Event:
    """Return impressions of items: a commerce event without a product action."""
    products = [product(item, position) for position, item in enumerate(items, 1)]
    return _event(
        "commerce_event",
        product_impressions=[{"product_impression_list": shelf, "products": products}],
        event_name="eCommerce - Impression",
        custom_event_type="impression",
    )


def screen(name: str) -> Event:
    """Return a screen or page view."""
    return _event("screen_view", screen_name=name)


def custom(name: str, kind: str, **attributes: str) -> Event:
    """Return a custom event."""
    return _event("custom_event", event_name=name, custom_event_type=kind, custom_attributes=attributes)


def attribute_change(name: str, value: str) -> Event:
    """Return a change of a user attribute, which the SDKs log themselves."""
    return _event(
        "user_attribute_change", user_attribute_name=name, new=value, old=None, deleted=False, is_new_attribute=True
    )


def opt_out(*, is_opted_out: bool) -> Event:
    """Return the event of a user who opts out of all collection, or in again."""
    return _event("opt_out", is_opted_out=is_opted_out)


def bare(event_type: str, **data: Any) -> Event:
    """Return an event of the app's life cycle: session_start, session_end, first_run, application_state_transition."""
    return _event(event_type, **data)


def _event(event_type: str, **data: Any) -> Event:
    return {"event_type": event_type, "data": data}
