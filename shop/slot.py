"""The slot "For you": a customer's list, or best-sellers, with why each item is there and who said so."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool

from local_stack.items4u.catalogue import Item
from shop import events
from shop.goods import Goods
from shop.pages import Pages
from shop.profiles import Profiles, RecommendationList
from shop.visits import Visit
from shop.why import Reason, reasons

SHOWN = 10  # items
WATCHED_CLOSELY = 60.0  # seconds after a page has been opened
CLOSELY, AT_LEISURE = 0.7, 5.0  # seconds between two looks at the profile


@dataclass(frozen=True)
class Card:
    """An item of the slot, with why it is there."""

    item: Item
    reasons: Sequence[Reason]


class Slot:
    """``sold`` returns how often each item was sold, for the best-sellers that stand in for a list.

    ``has_holdout``: some visitors never get a list.
    """

    def __init__(
        self,
        goods: Goods,
        profiles: Profiles,
        pages: Pages,
        *,
        sold: Callable[[], Mapping[str, int]],
        has_holdout: bool = False,
    ) -> None:
        self._goods = goods
        self._profiles = profiles
        self._pages = pages
        self._sold = sold
        self._has_holdout = has_holdout

    def best_sellers(self) -> list[Item]:
        """Return what stands in for a list."""
        return self._goods.best_sellers(self._sold(), SHOWN)

    def of(self, visit: Visit) -> str:
        """Return the slot as HTML, as the profile is now."""
        return self._html(visit.mpid, self._profiles.list_of(visit.mpid) if visit.mpid else None)

    async def changes(self, visit: Visit, shown: str) -> AsyncIterator[tuple[str, str]]:
        """Yield the slot each time that it is no longer what is shown (``RecommendationList.shown_as``)."""
        began = time.monotonic()
        while True:
            mpid = visit.mpid
            newest = await run_in_threadpool(self._profiles.list_of, mpid) if mpid else None
            if newest and newest.shown_as != shown:
                shown = newest.shown_as
                yield "for-you", await run_in_threadpool(self._html, mpid, newest)
            await asyncio.sleep(CLOSELY if time.monotonic() - began < WATCHED_CLOSELY else AT_LEISURE)

    def _html(self, mpid: str | None, newest: RecommendationList | None) -> str:
        listed = self._goods.known(newest.item_ids)[:SHOWN] if newest else []
        items = listed or self.best_sellers()
        terms = self._profiles.terms(mpid, newest) if mpid and newest and listed else {}
        list_id = newest.id if newest and listed else None
        return self._pages.render(
            "for_you.html",
            cards=[Card(item, reasons(terms.get(item.id), self._name_of)) for item in items],
            newest=newest if listed else None,
            campaign=self._profiles.campaign(newest),
            has_holdout=self._has_holdout,
            now_ms=time.time() * 1000,
            query=f"?{urlencode({'list': list_id})}" if list_id else "",
            impression=events.impression(items, list_id),
        )

    def _name_of(self, item_id: str) -> str | None:
        item = self._goods.by_id.get(item_id)
        return item.name if item else None
