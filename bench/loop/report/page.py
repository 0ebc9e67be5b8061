"""The results on a page: its text between two marks, and the plot beside it."""

from datetime import UTC, datetime
from pathlib import Path

from bench.loop.report.report import tables
from bench.loop.report.results import Results

BEGIN, END = "<!-- make bench writes from here on -->", "<!-- make bench writes until here -->"


class NoMarks(ValueError):
    """A page without the two marks, in that order."""


def with_text(page: str, text: str, begin: str = BEGIN, end: str = END) -> str:
    """Return a page with ``text`` between the marks. Raises NoMarks."""
    before, first, rest = page.partition(begin)
    _, last, after = rest.partition(end)
    if not first or not last:
        raise NoMarks(f"the page needs the lines {begin} and {end}")
    return f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}"


def write(path: Path, results: Results) -> None:
    """Write the results between the page's marks, and the plot as an SVG of the page's name. Raises NoMarks."""
    from bench.loop.report.plot import draw  # matplotlib takes a second to load

    plot = path.with_suffix(".svg")
    page = with_text(path.read_text("utf-8"), _text(results, plot.name))
    plot.write_text(draw(results), "utf-8")
    path.write_text(page, "utf-8")


def _text(results: Results, plot: str) -> str:
    machine = results.machine
    libraries = ", ".join(f"{name} {machine[name]}" for name in ("boto3", "aws_lambda_powertools", "requests"))
    measured = (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} at {machine['commit']}, rounds: {results.rounds}. "
        f"{machine['system']}, {machine['processors']} processors, load {machine['load']} at the start. "
        f"Python {machine['python']}, {libraries}."
    )
    share = f" The functions had {results.share} of a processor, by {results.share_by}." if results.share else ""
    return "\n".join(
        [measured + share, "", f"![Events per second]({plot})", "", *(table.markdown() for table in tables(results))]
    )
