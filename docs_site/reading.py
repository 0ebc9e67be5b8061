"""What somebody who opens a page of the site gets: its text, and what the browser fetches for it. No I/O."""

from html.parser import HTMLParser

_FETCHES = {
    "script": "src",
    "link": "href",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "audio": "src",
    "video": "src",
}
_ONLY_NAMED = {"canonical", "next", "prev", "alternate"}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_ASIDE = {"headerlink"}


def text(html: str, inside: str = "") -> str:
    """Return the words of a page, or of what stands in elements of the name ``inside``; the links beside headings are
    left out.
    """
    reader = _Reader(inside)
    reader.feed(html)
    reader.close()
    return " ".join("".join(reader.words).split())


def fetched(html: str) -> list[str]:
    """Return what a browser fetches from other hosts to show a page."""
    reader = _Reader("")
    reader.feed(html)
    reader.close()
    return [address for address in reader.fetched if address.startswith(("http:", "https:", "//"))]


class _Reader(HTMLParser):
    def __init__(self, inside: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.fetched: list[str] = []
        self._inside = inside
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag not in _VOID:
            self._open.append((tag, bool(_ASIDE & set(attributes.get("class", "").split()))))
        if tag in _FETCHES and not _ONLY_NAMED & set(attributes.get("rel", "").split()):
            self.fetched.append(attributes.get(_FETCHES[tag], ""))

    def handle_endtag(self, tag: str) -> None:
        if any(tag == name for name, _ in self._open):
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        names = {name for name, _ in self._open}
        aside = any(aside for _, aside in self._open) or names & {"script", "style"}
        if not aside and (not self._inside or self._inside in names):
            self.words.append(data)
