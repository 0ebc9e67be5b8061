"""What the product lines of a commerce event say: their items, their amounts, and whether they are returns."""

from collections.abc import Mapping
from typing import Any

from broker.json_values import mapping
from broker.reasons import SkipReason
from broker.values import amounts, ids


def listed(product_action: object) -> list[Any]:
    """Return a commerce event's product lines, at least one; a single product may stand outside of a list."""
    products = mapping(product_action).get("products")
    if isinstance(products, list) and products:
        return products
    return [{}] if products is None or products == [] else [products]


def item_id(product: Mapping[str, Any]) -> str | SkipReason:
    """Return a product's id, or why it has none that can be sent."""
    given = product.get("id")
    if ids.stands_for_nothing(given):
        return SkipReason.NO_ITEM_ID
    text = ids.from_json(given)
    if text is None or len(text) > ids.MAX_LENGTH or ids.has_half_character(text) or "\0" in text:
        return SkipReason.BAD_EVENT
    return SkipReason.ROUNDED_ID if ids.is_rounded(text) else text


def is_return(product: Mapping[str, Any]) -> bool:
    """Return whether a purchase's product line is a return, by its quantity or its amount."""
    price = amounts.from_json(product.get("price"))
    value = amount(product)
    return amounts.is_return(amounts.from_json(product.get("quantity")), price if value is None else value)


def amount(product: Mapping[str, Any]) -> float | None:
    """Return a product line's total, or its price times its quantity; None if neither can be read."""
    total = amounts.from_json(product.get("total_product_amount"))
    if total is not None:
        return total
    price, quantity = (amounts.from_json(product.get(name)) for name in ("price", "quantity"))
    return None if price is None or quantity is None else amounts.from_json(price * quantity)


def unreadable_amounts(product: Mapping[str, Any]) -> list[str]:
    """Return the names of the amounts that are there and can't be read, unless a total stands for all of them."""
    if amounts.from_json(product.get("total_product_amount")) is not None:
        return []
    names = ("total_product_amount", "price", "quantity")
    unread = [name for name in names if amounts.from_json(product.get(name)) is None]
    return [name for name in unread if not ids.stands_for_nothing(product.get(name))]
