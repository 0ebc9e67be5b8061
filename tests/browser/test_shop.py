"""The shop in a real browser: the list follows the clicks, on every device, through an outage; and all can use it."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Route, expect

from local_stack import loopback
from local_stack.items4u.catalogue import catalogue
from shop.goods import title_of
from shop.panel.switches import BY_NAME
from tests.browser.shop import PATIENCE_MS, Visitor, browser, opened_shop, require_files, violations, visitor
from tests.loop.clone import Clone, eventually

CATEGORY = {item.id: item.category for item in catalogue(1)}
MOSTLY = 5  # of ten items
DOWN = BY_NAME["mparticle-down"]
SHOP_PAGES = (
    "/",
    "/c/desk",
    "/search?q=lamp",
    "/search?q=zzz",
    "/items/{item}",
    "/cart",
    "/wishes",
    "/account",
    "/beside",
    "/no",
)
PANEL_PAGES = (
    "",
    "/experiment",
    "/customers",
    "/customers/{mpid}",
    "/ledger",
    "/cost",
    "/quarantine",
    "/left-out/other_action",
    "/no",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    require_files()
    with browser() as running:
        yield running


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """Yield a clone in which nothing runs, nor is left, after the tests."""
    made = Clone(tmp_path_factory.mktemp("clone") / "personalize broker")
    yield made
    assert made.is_quiet()
    assert not made.local_env.exists()


@pytest.fixture(scope="module")
def address(clone: Clone, chromium: Browser) -> Iterator[str]:
    with opened_shop(clone) as url:
        yield url


@pytest.fixture
def new_visitor(chromium: Browser) -> Iterator[Callable[..., Visitor]]:
    visitors: list[Visitor] = []

    def make(**options: object) -> Visitor:
        visitors.append(visitor(chromium, **options))
        return visitors[-1]

    yield make
    for one in visitors:
        one.context.close()


def view(who: Visitor, address: str, category: str, place: int = 0) -> str:
    """Open an item of a category by clicks; return its id."""
    if not who.page.url.startswith(address):
        who.page.goto(address)
    title = title_of(category)
    who.page.get_by_role("navigation", name="Categories").get_by_role("link", name=title, exact=True).click()
    who.page.get_by_role("heading", level=1, name=title, exact=True).wait_for()
    return open_card(who, who.page.locator("main > .cards .card").nth(place))


def open_card(who: Visitor, card: Locator) -> str:
    """Open an item by a click on its card; return its id."""
    name = card.locator(".name").inner_text()
    card.get_by_role("link").click()
    who.page.get_by_role("heading", level=1, name=name, exact=True).wait_for()
    return who.page.url.rpartition("/")[2].partition("?")[0]


def wait_until_mostly(who: Visitor, category: str) -> float:
    """Wait until the slot is a list that is mostly of a category; return the seconds."""
    began = time.monotonic()
    condition = f"""(slot, category) => slot.dataset.list
        && [...slot.querySelectorAll('.kind')].filter((kind) => kind.textContent === category).length >= {MOSTLY}"""
    who.wait_for_list(condition, arg=category)
    return time.monotonic() - began


def buy(who: Visitor) -> None:
    """Buy the item whose page is open."""
    who.page.get_by_role("button", name="Add to cart").click()
    who.page.get_by_role("link", name="To the checkout").click()
    who.page.get_by_role("button", name="Buy now").click()
    who.page.get_by_role("heading", name="Thank you").wait_for()


def be(who: Visitor, address: str, place: int) -> None:
    """Sign in as one of the known customers."""
    who.page.goto(f"{address}/account")
    who.page.locator(".person").nth(place).click()
    who.page.wait_for_url(f"{address}/")


def mpid_of(who: Visitor) -> str:
    who.page.get_by_role("navigation", name="Yours").get_by_role("link").first.click()
    who.page.get_by_role("heading", name="Who are you?").wait_for()
    who.page.locator("#mpid", has_text=re.compile(r"^-?[0-9]+$")).wait_for()
    return who.page.locator("#mpid").inner_text()


def values(clone: Clone) -> dict[str, str]:
    """Return what the shop exports for other commands."""
    lines = clone.local_env.read_text().splitlines()
    return dict(line.removeprefix("export ").partition("=")[::2] for line in lines)


def in_personalize(clone: Clone, mpid: str) -> Counter[tuple[str, str]]:
    """Return what Personalize has of a customer, by type and item."""
    url = f"{values(clone)['AWS_ENDPOINT_URL_PERSONALIZE']}/_local/events"
    accepted = loopback.get(url, params={"limit": 10_000}).json()["events"]
    once = {event["eventId"]: event for event in accepted if event["userId"] == mpid}
    return Counter((event["eventType"], event["itemId"]) for event in once.values())


def test_a_new_visitors_list_follows_the_clicks_and_what_is_bought_leaves_it(
    address: str, new_visitor: Callable[..., Visitor], record_property: Callable[[str, object], None]
) -> None:
    who = new_visitor()
    who.page.goto(address)
    assert who.list_id == ""
    assert len(who.listed) == 10
    view(who, address, "lighting")
    record_property("shop: seconds from the first view to its list", round(wait_until_mostly(who, "lighting"), 1))
    assert who.page.locator("#for-you .why").count() == 10
    assert "items4u" in who.page.locator(".badge").inner_text()
    for place in range(3):
        view(who, address, "toys", place)
    record_property("shop: seconds from the third view to the next list", round(wait_until_mostly(who, "toys"), 1))
    bought = open_card(who, who.page.locator("#for-you .card", has_text="toys").first)
    assert CATEGORY[bought] == "toys"
    buy(who)
    who.wait_for_list("(slot, item) => slot.dataset.list && !slot.innerHTML.includes(item)", arg=bought)
    assert who.complaints == []


def test_a_page_that_was_asked_for_earlier_and_comes_late_is_not_shown(
    address: str, new_visitor: Callable[..., Visitor]
) -> None:
    who, late = new_visitor(), list[Route]()
    view(who, address, "garden")
    who.page.route("**/c/*", lambda route: late.append(route))
    with who.page.expect_request("**/c/*"):
        who.page.get_by_role("navigation", name="Categories").get_by_role("link").first.click()
    with who.page.expect_event("requestfailed", lambda request: "/c/" in request.url):
        who.page.get_by_role("button", name="Add to cart").click()
    who.page.get_by_role("heading", level=1, name="Cart", exact=True).wait_for()
    assert len(late) == 1


def test_a_customer_finds_the_same_list_on_a_second_device(address: str, new_visitor: Callable[..., Visitor]) -> None:
    first, second = new_visitor(), new_visitor()
    be(first, address, 3)
    view(first, address, "knitwear")
    first.wait_for_list("(slot) => slot.dataset.list")
    second.page.goto(address)
    assert second.list_id == ""
    be(second, address, 3)
    assert second.page.get_by_role("heading", name="For you").is_visible()
    assert mpid_of(first) == mpid_of(second)
    first.wait_for_list("(slot, other) => slot.dataset.list === other", arg=second.list_id)
    assert first.listed == second.listed
    assert first.complaints == second.complaints == []


def test_somebody_who_signs_out_is_a_new_visitor(address: str, new_visitor: Callable[..., Visitor]) -> None:
    who = new_visitor()
    be(who, address, 4)
    customer = mpid_of(who)
    who.page.get_by_role("button", name="Be a new visitor").click()
    who.page.wait_for_url(f"{address}/")
    assert who.page.get_by_role("heading", name="Best-sellers").is_visible()
    assert mpid_of(who) != customer


def test_shopping_goes_on_while_mparticle_is_down_and_then_everything_arrives(
    clone: Clone, address: str, new_visitor: Callable[..., Visitor]
) -> None:
    who, operator = new_visitor(), new_visitor()
    before = view(who, address, "desk")
    who.wait_for_list("(slot) => slot.dataset.list")
    mpid = mpid_of(who)
    shown = who.listed
    operator.page.goto(f"{address}/panel")
    switch(operator, DOWN.name, "true")
    viewed = [view(who, address, "bags", place) for place in range(2)]
    assert who.listed == shown
    assert "mParticle does not answer" in who.page.locator(".badge").inner_text()
    buy(who)
    newcomer = new_visitor()
    view(newcomer, address, "running")
    assert in_personalize(clone, mpid) == {("view_detail", before): 1}
    switch(operator, DOWN.name, "false")
    done = {("view_detail", item) for item in (before, *viewed)}
    done |= {("add_to_cart", viewed[1]), ("purchase", viewed[1])}
    assert eventually(lambda: in_personalize(clone, mpid) == Counter(done)), in_personalize(clone, mpid)
    who.wait_for_list("(slot, before) => slot.dataset.shown !== before", arg=f"{who.list_id} remembered")
    wait_until_among(who, viewed[0])
    newcomer.wait_for_list("(slot) => slot.dataset.list")


def switch(operator: Visitor, name: str, now: str) -> None:
    """Press a switch of the panel, and wait until it is as wanted."""
    operator.page.locator(f"#switch-{name}").click()
    operator.page.locator(f"#switch-{name}[aria-checked={now}]").wait_for()


def wait_until_among(who: Visitor, item: str) -> None:
    who.wait_for_list("(slot, item) => slot.dataset.list && slot.innerHTML.includes(item)", arg=item)


def test_the_panel_follows_a_click_by_name_and_nothing_is_lost(
    address: str, new_visitor: Callable[..., Visitor]
) -> None:
    who, operator = new_visitor(), new_visitor()
    operator.page.goto(f"{address}/panel")
    view(who, address, "garden", 2)
    who.wait_for_list("(slot) => slot.dataset.list")
    listed = who.list_id
    item = open_card(who, who.page.locator("#for-you .card").first)
    name = who.page.get_by_role("heading", level=1).inner_text()
    row = operator.page.locator("#clicks tr", has_text=f"view detail: {name}").first
    row.wait_for()
    expect(row.locator(".wait")).to_have_count(0, timeout=PATIENCE_MS)
    times = [float(cell.inner_text().removesuffix(" s")) for cell in row.locator("td.n").all()]
    assert times == sorted(times)
    assert len(times) == 4
    row.get_by_role("link", name=name).click()
    operator.page.get_by_role("heading", name=name).wait_for()
    batch = operator.page.locator("pre").inner_text()
    assert item in batch
    assert f'"product_recs_id": "{listed}"' in batch
    operator.page.goto(f"{address}/panel/ledger")
    assert operator.page.get_by_role("heading", level=1).inner_text() == "Nothing is lost"
    assert operator.complaints == []


def test_what_personalize_refuses_is_in_quarantine_and_opens_and_all_else_goes_on(
    address: str, new_visitor: Callable[..., Visitor]
) -> None:
    who, operator = new_visitor(), new_visitor()
    operator.page.goto(f"{address}/panel")
    switch(operator, "toys-refused", "true")
    refused = view(who, address, "toys", 5)
    view(who, address, "pantry", 5)
    row = operator.page.locator("#clicks tr", has_text="quarantine: refused").first
    row.wait_for()
    who.wait_for_list("(slot) => slot.dataset.list")
    switch(operator, "toys-refused", "false")
    row.get_by_role("link", name="view detail").click()
    operator.page.get_by_text("Personalize has refused it").wait_for()
    assert refused in operator.page.locator("pre").inner_text()
    operator.page.get_by_role("link", name="See the quarantine").click()
    operator.page.locator("summary", has_text="refused").first.click()
    assert operator.page.locator("dd").first.is_visible()


def test_the_addresses_of_the_local_services_lead_to_the_panel(
    clone: Clone, address: str, new_visitor: Callable[..., Visitor]
) -> None:
    who = new_visitor()
    for name in ("MPARTICLE_URL", "AWS_ENDPOINT_URL_PERSONALIZE"):
        who.page.goto(f"{values(clone)[name]}/")
        assert who.page.url == values(clone)["PANEL_URL"] == f"{address}/panel"


@pytest.mark.parametrize(("width", "colours"), [(1280, "light"), (360, "dark")])
def test_all_pages_are_usable_by_keyboard_and_screen_reader_and_fit_the_screen(
    address: str, new_visitor: Callable[..., Visitor], width: int, colours: str
) -> None:
    who = new_visitor(viewport={"width": width, "height": 800}, color_scheme=colours)
    item = view(who, address, "camping")
    who.wait_for_list("(slot) => slot.dataset.list")
    places = {"item": item, "mpid": mpid_of(who)}
    for path in (*SHOP_PAGES, *(f"/panel{path}" for path in PANEL_PAGES)):
        check(who, f"{address}{path.format(**places)}")
    who.page.goto(f"{address}/items/{item}")
    who.page.get_by_role("button", name="Add to wish list").click()
    who.page.goto(f"{address}/items/{item}")
    who.page.get_by_role("button", name="Add to cart").click()
    for path in ("/cart", "/checkout", "/wishes"):
        check(who, f"{address}{path}")
    assert [text for text in who.complaints if "404" not in text] == []  # two of the pages are not there


def check(who: Visitor, url: str) -> None:
    who.page.goto(url)
    assert violations(who.page) == [], url
    assert who.page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, url


def test_the_keyboard_alone_leads_to_an_item(address: str, new_visitor: Callable[..., Visitor]) -> None:
    who = new_visitor()
    who.page.goto(address)
    who.page.keyboard.press("Tab")
    assert who.page.evaluate("document.activeElement.textContent") == "Skip to the content"
    who.page.keyboard.press("Enter")
    for _ in range(4):  # two links of the greeting, the first item
        who.page.keyboard.press("Tab")
        if who.page.evaluate("!!document.activeElement.closest('.card')"):
            break
    who.page.keyboard.press("Enter")
    who.page.wait_for_url("**/items/**")
