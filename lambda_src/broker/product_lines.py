"""What the product lines of a commerce event say: their items, their amounts, and whether they are returns."""

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

from broker.json_values import mapping
from broker.reasons import SkipReason
from broker.values import amounts, ids

KNOWN_IDS = 10_000  # some megabytes at most
TOTAL, PRICE, QUANTITY = "total_product_amount", "price", "quantity"


class Amounts(NamedTuple):
    """What a product line says of money.

    ``value`` is the line's total, or its price times its quantity; None if neither can be read. ``unread`` has the
    names of the amounts that are there and can't be read, unless a total stands for all of them.
    """

    value: float | None
    is_return: bool
    unread: tuple[str, ...] = ()


def listed(product_action: object) -> list[Any]:
    """Return a commerce event's product lines, at least one; a single product may stand outside of a list."""
    products = mapping(product_action).get("products")
    if isinstance(products, list) and products:
        return products
    return [{}] if products is None or products == [] else [products]


def item_id(product: Mapping[str, Any]) -> str | SkipReason:
    """Return a product's id, or why it has none that can be sent."""
    given = product.get("id")
    return _known_id(given) if isinstance(given, str) and len(given) <= ids.MAX_LENGTH else _id(given)


def _id(given: object) -> str | SkipReason:
    text = ids.from_json(given)
    if text is None:
        return SkipReason.NO_ITEM_ID if ids.stands_for_nothing(given) else SkipReason.BAD_EVENT
    if len(text) > ids.MAX_LENGTH or ids.has_half_character(text) or "\0" in text:
        return SkipReason.BAD_EVENT
    return SkipReason.ROUNDED_ID if ids.is_rounded(text) else text


_known_id = functools.lru_cache(KNOWN_IDS)(_id)  # a shop's events name the same items again and again


def amounts_of(product: Mapping[str, Any]) -> Amounts:
    """Return a product line's amounts. As a purchase, it is a return if its quantity or its amount is below zero."""
    total, quantity = amounts.from_json(product.get(TOTAL)), amounts.from_json(product.get(QUANTITY))
    if total is not None:
        return Amounts(total, amounts.is_return(quantity, total))
    price = amounts.from_json(product.get(PRICE))
    value = None if price is None or quantity is None else amounts.from_json(price * quantity)
    all_amounts = ((TOTAL, total), (PRICE, price), (QUANTITY, quantity)) if value is None or TOTAL in product else ()
    unread = tuple(
        name for name, amount in all_amounts if amount is None and not ids.stands_for_nothing(product.get(name))
    )
    return Amounts(value, amounts.is_return(quantity, price if value is None else value), unread)
