"""The shop: its pages, and what its forms do. Every page has the slot "For you", which changes by itself."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from local_stack.items4u.catalogue import Item
from local_stack.items4u.shoppers import Shopper
from local_stack.mparticle.inputs import INPUTS
from shop import events, live
from shop.events import Event
from shop.goods import Goods, title_of
from shop.pages import Pages
from shop.pictures import picture
from shop.slot import Slot
from shop.visits import Visit, Visits

COOKIE = "visit"
MOST_FORM_BYTES = 4096


class Storefront:
    """``people`` are the known customers that one can be; ``mparticle`` is the URL that pages report to.

    ``has_filter``: lists leave out what was bought.
    """

    def __init__(
        self,
        *,
        goods: Goods,
        people: Sequence[Shopper],
        slot: Slot,
        pages: Pages,
        mparticle: str,
        has_filter: bool,
    ) -> None:
        self._goods = goods
        self._people = {one.customer_id: one for one in people}
        self._slot = slot
        self._pages = pages
        self._mparticle = mparticle
        self._has_filter = has_filter
        self._visits = Visits()

    def routes(self) -> list[Route]:
        """Return every route."""
        return [
            Route("/", self.home),
            Route("/search", self.search),
            Route("/c/{category}", self.category),
            Route("/items/{item_id}", self.item),
            Route("/cart", self.cart),
            Route("/cart", self._form(self._put), methods=["POST"]),
            Route("/cart/remove", self._form(self._remove), methods=["POST"]),
            Route("/wishes", self.wishes),
            Route("/wishes", self._form(self._wish), methods=["POST"]),
            Route("/checkout", self.checkout),
            Route("/orders", self._form(self._order), methods=["POST"]),
            Route("/orders/{number}", self.order),
            Route("/account", self.account),
            Route("/me", self.me, methods=["POST"]),
            Route("/live", self.live),
            Route("/pictures/{item_id}.svg", self.picture),
        ]

    def home(self, request: Request) -> Response:
        """The start page: the slot, the categories, best-sellers."""
        return self._page(request, "home.html", title="Items4U", best=self._slot.best_sellers())

    def search(self, request: Request) -> Response:
        """Items that have all the words."""
        text = request.query_params.get("q", "")[:100].strip()
        found = self._goods.search(text) if text else []
        return self._page(
            request, "listing.html", title=f"Search: {text}" if text else "Search", items=found, text=text
        )

    def category(self, request: Request) -> Response:
        """The items of a category."""
        category = request.path_params["category"]
        if category not in self._goods.categories:
            return self.missing(request)
        items = self._goods.search("", category)
        return self._page(request, "listing.html", title=title_of(category), items=items, text="", category=category)

    def item(self, request: Request) -> Response:
        """A product's own page, which reports that it was viewed, and from which list."""
        item = self._goods.by_id.get(request.path_params["item_id"])
        if item is None:
            return self.missing(request)
        list_id = request.query_params.get("list", "")[:100]
        viewed = events.action("view_detail", [item], events.from_list(list_id))
        like = [other for other in self._goods.search("", item.category) if other != item][:5]
        return self._page(request, "item.html", title=item.name, item=item, like=like, reported=[viewed])

    def cart(self, request: Request) -> Response:
        """The cart."""
        lines = self._lines(self._visit(request).cart)
        return self._page(request, "cart.html", title="Cart", lines=lines, total=_total(lines))

    def wishes(self, request: Request) -> Response:
        """The wish list."""
        items = self._goods.known(self._visit(request).wishes)
        return self._page(request, "wishes.html", title="Wish list", items=items)

    def checkout(self, request: Request) -> Response:
        """A last look before the order."""
        lines = self._lines(self._visit(request).cart)
        if not lines:
            return RedirectResponse("/cart", 303)
        return self._page(request, "checkout.html", title="Checkout", lines=lines, total=_total(lines))

    def order(self, request: Request) -> Response:
        """What was ordered."""
        placed = dict(self._visit(request).orders).get(request.path_params["number"])
        if placed is None:
            return self.missing(request)
        lines, number = self._lines(placed), request.path_params["number"]
        content = {"lines": lines, "total": _total(lines), "number": number, "has_filter": self._has_filter}
        return self._page(request, "order.html", title="Thank you", **content)

    def account(self, request: Request) -> Response:
        """Sign in as a known customer, or be a new visitor."""
        return self._page(request, "account.html", title="Who are you?", people=list(self._people.values()))

    async def me(self, request: Request) -> Response:
        """Take what the SDK said: ``mpid``, and ``customer_id`` after a sign-in; answer with the slot."""
        form, visit = await _read_form(request), self._visit(request)
        mpid = form.get("mpid", "")
        if not mpid.lstrip("-").isdecimal() or not -(2**63) <= int(mpid) < 2**63:
            return PlainTextResponse("mpid must be a 64-bit number", 400)
        if form.get("signed_out"):
            visit.is_somebody_else()
        visit.mpid = mpid
        if form.get("customer_id") in self._people:
            visit.customer_id = form["customer_id"]
        return self._with_cookie(HTMLResponse(await run_in_threadpool(self._slot.of, visit)), visit)

    def live(self, request: Request) -> Response:
        """The slot, each time that the customer's list has changed, as server-sent events."""
        visit = self._visit(request)
        return live.response(self._slot.changes(visit, request.query_params.get("shown", "")))

    def picture(self, request: Request) -> Response:
        """An item's picture."""
        item = self._goods.by_id.get(request.path_params["item_id"])
        if item is None:
            return PlainTextResponse("no such item", 404)
        return Response(picture(item), media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})

    def _form(self, act: Callable[[Visit, Item | None], str]) -> Callable[[Request], Any]:
        """Return an endpoint for a form with an ``item``; ``act`` returns where to go then."""

        async def endpoint(request: Request) -> Response:
            form, visit = await _read_form(request), self._visit(request)
            answer = RedirectResponse(act(visit, self._goods.by_id.get(form.get("item", ""))), 303)
            return self._with_cookie(answer, visit)

        return endpoint

    def _put(self, visit: Visit, item: Item | None) -> str:
        if item:
            visit.put(item.id)
            visit.report(events.action("add_to_cart", [item]))
        return "/cart"

    def _remove(self, visit: Visit, item: Item | None) -> str:
        if item and visit.cart.pop(item.id, None):
            visit.report(events.action("remove_from_cart", [item]))
        return "/cart"

    def _wish(self, visit: Visit, item: Item | None) -> str:
        if item:
            visit.wish(item.id)
            visit.report(events.action("add_to_wishlist", [item]))
        return "/wishes"

    def _order(self, visit: Visit, _: Item | None) -> str:
        if not visit.cart:
            return "/cart"
        number, placed = visit.order()
        visit.report(events.purchase(self._lines(placed), number))
        return f"/orders/{number}"

    def _lines(self, quantities: Mapping[str, int]) -> list[tuple[Item, int]]:
        return [(self._goods.by_id[item], quantity) for item, quantity in quantities.items()]

    def missing(self, request: Request) -> Response:
        """The page of what is not there."""
        return self._page(request, "missing.html", title="Not here", status=404)

    def _page(
        self, request: Request, template: str, *, status: int = 200, reported: Sequence[Event] = (), **content: Any
    ) -> Response:
        visit = self._visit(request)
        content.setdefault("category", "")
        html = self._pages.render(
            template,
            visit=visit,
            person=self._people.get(visit.customer_id or ""),
            categories=[(one, title_of(one)) for one in self._goods.categories],
            slot=self._slot.of(visit),
            script={
                "key": INPUTS["web"].key,
                "mparticle": self._mparticle.partition("://")[2],
                "mpid": visit.mpid,
                "events": [*visit.to_report(), *reported],
            },
            **content,
        )
        return self._with_cookie(HTMLResponse(html, status, {"Cache-Control": "no-store"}), visit)

    def _visit(self, request: Request) -> Visit:
        if not hasattr(request.state, "visit"):
            request.state.visit = self._visits.of(request.cookies.get(COOKIE))
        visit: Visit = request.state.visit
        return visit

    def _with_cookie(self, answer: Response, visit: Visit) -> Response:
        answer.set_cookie(COOKIE, visit.id, httponly=True, samesite="lax", max_age=30 * 86400)
        return answer


def _total(lines: Sequence[tuple[Item, int]]) -> float:
    return sum(item.price * quantity for item, quantity in lines)


async def _read_form(request: Request) -> dict[str, str]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_FORM_BYTES:
            return {}
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
