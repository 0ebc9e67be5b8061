"""A page as its elements, and what is wrong with it for people who can't see it, for scripts and for strangers."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "rect"}
FIELDS = {"input", "select", "textarea"}
NAMED = {"a", "button", "summary"}
REFERENCES = ("aria-labelledby", "aria-describedby", "for")
NO_FIELDS = {"hidden", "submit", "button"}


@dataclass
class Element:
    """An element with its text, that of its descendants included."""

    tag: str
    attributes: dict[str, str]
    text: str = ""

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name, "")


@dataclass
class Page:
    """The elements of a page, in order."""

    elements: list[Element] = field(default_factory=list)
    unclosed: list[str] = field(default_factory=list)

    def all(self, *tags: str) -> list[Element]:
        """Return the elements of these tags."""
        return [element for element in self.elements if element.tag in tags]

    @property
    def script(self) -> Any:
        """Return what the page's script reads."""
        [found] = [one for one in self.all("script") if one["type"] == "application/json"]
        return json.loads(found.text)

    @property
    def addresses(self) -> list[str]:
        """Return all that the page leads to or loads."""
        return [one[name] for one in self.elements for name in ("href", "src", "action") if one[name]]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page, self._open = Page(), list[Element]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.page.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self._open or self._open[-1].tag != tag:
            self.page.unclosed.append(f"</{tag}> closes {self._open[-1].tag if self._open else 'nothing'}")
        else:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def close(self) -> None:
        super().close()
        self.page.unclosed += [f"<{element.tag}> is not closed" for element in self._open]


def read(html: str) -> Page:
    """Return a page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.page


def problems(page: Page) -> list[str]:
    """Return all that is wrong."""
    return [*page.unclosed, *_structure(page), *_names(page), *_code(page)]


def _structure(page: Page) -> Iterator[str]:
    [html], titles = page.all("html"), page.all("title")
    if html["lang"] != "en":
        yield "no language"
    if len(titles) != 1 or not titles[0].text.strip():
        yield "no title"
    if len(page.all("h1")) != 1:
        yield f"{len(page.all('h1'))} headings of the first level"
    if len(page.all("main")) != 1:
        yield "no main part, or several"
    ids = Counter(element["id"] for element in page.elements if element["id"])
    yield from (f"the id {id_} is there {number} times" for id_, number in ids.items() if number > 1)
    for element in page.elements:
        for name in REFERENCES:
            yield from (f"{name} names {id_}, which is not there" for id_ in element[name].split() if id_ not in ids)


def _names(page: Page) -> Iterator[str]:
    labelled = {element["for"] for element in page.all("label") if element.text.strip()}
    for element in page.all(*FIELDS):
        if element["type"] not in NO_FIELDS and element["id"] not in labelled and not element["aria-label"]:
            yield f"a field without a label: {element.attributes}"
    for element in page.all(*NAMED):
        if not element.text.strip() and not element["aria-label"]:
            yield f"{element.tag} without a name: {element.attributes}"
    for element in page.all("img"):
        if "alt" not in element.attributes:
            yield f"a picture without a text: {element.attributes}"
    for element in page.elements:
        if element["role"] == "region" and not (element["aria-label"] or element["aria-labelledby"]):
            yield f"a region without a name: {element.attributes}"


def _code(page: Page) -> Iterator[str]:
    """Yield what the pages' Content-Security-Policy would stop, and what is loaded from elsewhere."""
    for element in page.elements:
        if element.tag == "style" or "style" in element.attributes:
            yield f"a style in the page: {element.tag}"
        yield from (f"{element.tag} has {name}" for name in element.attributes if name.startswith("on"))
        if element.tag == "script" and not element["src"] and element["type"] != "application/json":
            yield "a script in the page"
    for address in page.addresses:
        if address.startswith("//") or not address.startswith(("/", "#")):
            yield f"{address} is elsewhere"
