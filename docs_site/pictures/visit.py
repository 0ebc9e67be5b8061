"""A visit to the shop by a browser, and the pictures of it: the list that follows the clicks, and the panel."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Error, FloatRect, Locator, Page, ViewportSize, sync_playwright

from docs_site.pictures.browser import OPTIONS, few_colours, program
from docs_site.pictures.film import Frame, film

PATIENCE_MS = 120_000  # a wait ends as soon as its condition holds; a busy machine may be slow
FILM: ViewportSize = {"width": 1000, "height": 704}
PICTURE: ViewportSize = {"width": 1280, "height": 860}
BELOW = 10  # pixels below the last thing that a picture shows
LAMPS = """() => document.getElementById('for-you').dataset.list
    && [...document.querySelectorAll('#for-you .kind')].filter((kind) => kind.textContent === 'lighting').length >= 5"""
DRAWINGS = """() => Promise.all([...document.images].filter(
    (one) => one.loading !== 'lazy' || one.getBoundingClientRect().top < innerHeight).map((one) => one.decode()))"""
OTHER_LIST = "old => ![old, ''].includes(document.getElementById('for-you').dataset.list)"
WRITTEN = """least => [...document.querySelectorAll('#counters dt')].some(
    (name) => name.textContent === 'profiles written' && Number(name.nextElementSibling.textContent) >= least)"""


def visit(address: str, folder: Path) -> None:
    """Look at lamps, and write ``shop.webp``, ``shop.png`` and ``panel.png``. Raises NoBrowser; ValueError, if the shop
    does not do what the pictures are to show.
    """
    try:
        with _opened() as page:
            page.goto(address)
            (folder / "shop.webp").write_bytes(film(list(_first_list(page, address))))
            page.set_viewport_size(PICTURE)
            page.goto(address)
            _shop_on(page)
            (folder / "shop.png").write_bytes(_upper_part(page, page.locator("#for-you")))
            page.goto(f"{address}/panel")
            _steps(page, 2).wait_for()
            page.wait_for_function(WRITTEN, arg=2)
            (folder / "panel.png").write_bytes(_upper_part(page, page.locator("#faults li").first))
    except Error as error:
        raise ValueError(f"the shop cannot be shown: {error}") from error


@contextmanager
def _opened() -> Iterator[Page]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program(), args=list(OPTIONS))
        page = running.new_page(viewport=FILM, color_scheme="light", reduced_motion="reduce")
        page.set_default_timeout(PATIENCE_MS)
        yield page
        running.close()


def _first_list(page: Page, address: str) -> Iterator[Frame]:
    """From the first page to the panel, by clicks."""
    kind = page.get_by_role("navigation", name="Categories").get_by_role("link", name="Lighting", exact=True)
    yield Frame(_seen(page), "The shop shows a new visitor its best-sellers.", 3000, _middle(kind))
    kind.click()
    page.get_by_role("heading", level=1, name="Lighting", exact=True).wait_for()
    card = page.locator("main > .cards .card").first
    yield Frame(_seen(page), "The visitor looks at a lamp.", 2000, _middle(card.locator("img")))
    _open(page, card)
    began = time.monotonic()
    yield Frame(_seen(page), "The page reports this to mParticle.", 2500)
    page.wait_for_function(LAMPS)
    seconds = time.monotonic() - began
    yield Frame(_seen(page), f"{seconds:.0f} seconds later, the same page shows mostly lamps.", 3000)
    page.locator("#for-you").evaluate("slot => scrollTo(0, slot.getBoundingClientRect().top + scrollY - 12)")
    yield Frame(_seen(page), "Below each item is why it is on the list.", 3500)
    page.goto(f"{address}/panel")
    _steps(page, 3).wait_for()
    page.wait_for_function(WRITTEN, arg=1)
    click = page.locator("#clicks tbody tr td:nth-child(3) a").first
    yield Frame(_seen(page), "The panel followed the click to the visitor's profile …", 3500, _middle(click))
    click.click()
    page.get_by_role("heading", name="The batch").wait_for()
    yield Frame(_seen(page), "… step by step.", 5000)


def _shop_on(page: Page) -> None:
    """Look at two lamps of the list, and put the second one on the wish list; wait for the list that comes of it."""
    page.wait_for_function(LAMPS)
    before = page.locator("#for-you").get_attribute("data-list")
    for place in (4, 6):
        _open(page, page.locator("#for-you .card", has_text="lighting").nth(place))
    page.get_by_role("button", name="Add to wish list").click()
    page.wait_for_function(OTHER_LIST, arg=before)
    page.get_by_role("banner").get_by_role("link", name="Items4U").click()
    page.get_by_role("heading", name="What others buy").wait_for()


def _open(page: Page, card: Locator) -> None:
    name = card.locator(".name").inner_text()
    card.get_by_role("link").click()
    page.get_by_role("heading", level=1, name=name, exact=True).wait_for()


def _steps(page: Page, step: int) -> Locator:
    """Return the newest click's time of a step, once there is one: 0 record, 1 PutEvents, 2 list, 3 profile."""
    return page.locator(f"#clicks tbody tr:first-child td:nth-child({step + 4})", has_text=re.compile(r"\d s$"))


def _seen(page: Page) -> bytes:
    page.evaluate(DRAWINGS)
    return page.screenshot()


def _upper_part(page: Page, last: Locator) -> bytes:
    box = _box(last)
    end = box["y"] + box["height"] + BELOW
    whole = FloatRect(x=0, y=0, width=PICTURE["width"], height=end)
    page.evaluate(DRAWINGS)
    return few_colours(page.screenshot(full_page=True, clip=whole))


def _middle(element: Locator) -> tuple[float, float]:
    box = _box(element)
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _box(element: Locator) -> FloatRect:
    box = element.bounding_box()
    if box is None:
        raise ValueError("the page does not show what is to be clicked")
    return box
