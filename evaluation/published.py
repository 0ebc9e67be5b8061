"""Figures that others have published: metrics of Amazon Personalize, and tables of results."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.data import results_table
from evaluation.data.results_table import PublishedResult
from evaluation.diagnostics import published_table
from evaluation.diagnostics.registry import Diagnostic
from evaluation.scoring import published
from evaluation.scoring.published import Published


@dataclass(frozen=True)
class PublishedFigures:
    """``metrics``: of GetSolutionMetrics; ``results``: of a table, with ``diagnostics`` on it."""

    metrics: Sequence[Published] = ()
    results: Sequence[PublishedResult] = ()
    diagnostics: Sequence[Diagnostic] = ()


def read(metrics_file: Path | None, table_file: Path | None) -> PublishedFigures:
    """Read what there is. Raises BadFile."""
    metrics = published.read(metrics_file) if metrics_file else []
    results = results_table.read(table_file) if table_file else []
    return PublishedFigures(metrics, results, published_table.diagnose(results))
