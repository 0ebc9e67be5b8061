"""A report as one HTML file that stands alone: no script, no font and no picture from elsewhere."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cli.experiment.plots import by_day
from cli.experiment.tables import tables
from evaluation.report.style import svg
from experiments import text
from experiments.analysis import Report

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def write(report: Report, path: Path) -> None:
    """Write the report."""
    path.write_text(page(report), encoding="utf-8")


def page(report: Report) -> str:
    """Return the report as HTML."""
    return TEMPLATES.get_template("page.html.j2").render(
        title=f"Experiment {report.experiment}".strip(),
        headlines=text.headlines(report),
        faults=list(text.serious(report)),
        plots=[Markup(svg(by_day(report, each))) for each in report.main.comparisons],  # noqa: S704 - not of text
        tables=tables(report),
        notes=list(text.notes(report)),
    )
