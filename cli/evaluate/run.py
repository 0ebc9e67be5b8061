"""What `./broker evaluate` does: checks the options, evaluates, writes and prints."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from cli import output_files
from cli.evaluate import display, request
from cli.evaluate.options import EvaluateOptions
from cli.progress import Steps
from evaluation import published
from evaluation.published import PublishedFigures
from evaluation.report import json_report
from evaluation.run import Evaluation, evaluate

WIDTH = 120  # where there is no terminal to measure


def run(options: EvaluateOptions, context: click.Context) -> bool:
    """Evaluate, write and print; return whether all requirements hold.

    Raises BadFile, InvalidRequest, OSError and click.ClickException.
    """
    requirements, prices = request.check(options, context)
    figures = published.read(options.personalize_metrics, options.check_table)
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    if options.file is None:
        _print_figures(figures, console, as_json=options.as_json)
        return True
    evaluation_request = request.build(options, options.file, requirements, prices, figures)
    with Steps() as steps:
        result = evaluate(evaluation_request, steps.begin)
        steps.begin("writing")
        _write(result, options)
    _print_result(result, console, options)
    return all(outcome.holds for outcome in result.outcomes)


def _print_result(result: Evaluation, console: Console, options: EvaluateOptions) -> None:
    if options.as_json:
        output_files.put(json.dumps(json_report.as_json(result, options.currency)) + "\n")
        return
    with output_files.printing(console):
        display.show(result, console, options.currency)
        for what, path in (("users", options.per_user), ("report", options.html)):
            if path:
                console.print(f"{what}: {path}", markup=False, soft_wrap=True)


def _print_figures(figures: PublishedFigures, console: Console, *, as_json: bool) -> None:
    if as_json:
        report: dict[str, Any] = {"published": json_report.published(figures.metrics)} if figures.metrics else {}
        if figures.results:
            diagnostics = json_report.diagnostics(figures.diagnostics)
            report |= {"results": json_report.results(figures.results), "diagnostics": diagnostics}
        output_files.put(json.dumps(report) + "\n")
        return
    with output_files.printing(console):
        display.show_figures(figures, console)


def _write(result: Evaluation, options: EvaluateOptions) -> None:
    files: dict[Path, Callable[[Path], object]] = {}
    if options.per_user:
        files[options.per_user] = lambda path: json_report.write_per_user(result, path)
    if options.html:
        from evaluation.report import page

        files[options.html] = lambda path: page.write(result, path, options.currency)
    output_files.write(files)
