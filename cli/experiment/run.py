"""What `./broker experiment` does: reads, analyses, writes and prints."""

import json
from collections.abc import Callable
from pathlib import Path

import click
from broker.experiment import Experiment
from rich.console import Console

from blueprint.experiment import ExperimentPlan
from cli import connection, output_files
from cli.console import exact
from cli.experiment import display, reading
from cli.experiment.options import ExperimentOptions
from cli.progress import Steps
from experiments import gate as gates
from experiments import json_report
from experiments.analysis import Question, Report, analyse
from experiments.gate import Outcome
from experiments.outcomes import Windows
from infra.experiment import parse_experiment
from personalize_data.errors import InvalidRequest

WIDTH = 120  # where there is no terminal to measure
NONE_IN_SERVE = (
    "the ./broker serve that is running has no experiment: start it with --experiment, or name one here in the same way"
)


def run(options: ExperimentOptions) -> bool:
    """Analyse, write and print; return whether all gates hold.

    Raises BadFile, InvalidRequest, OSError and click.ClickException.
    """
    conditions = [gates.parse(text) for text in options.gates]
    question = _question(options)
    inputs = [Path(name) for name in options.files if not name.startswith("s3://")]
    output_files.check({"--html": options.html, "--plot": options.plot}, inputs)
    target = _target(options)
    experiment, slot = _experiment(options, target), _slot(options, target)
    with Steps(quiet=options.as_json) as steps:
        found = reading.read(options, target, slot, steps)
        steps.begin(f"analysing {len(found.rows):,} events")
        report = analyse(found, None if options.columns["variant"] else experiment, question)
        outcomes = [gates.check(condition, report) for condition in conditions]
        _write(report, options)
    _print(report, outcomes, options)
    return all(outcome.holds for outcome in outcomes)


def _question(options: ExperimentOptions) -> Question:
    return Question(
        primary=options.metric,
        control=options.control,
        planned_days=options.days,
        expected=options.customers,
        cap=options.cap,
        windows=Windows(options.list_days, options.before_days),
        most_events_a_day=options.most_events,
        shares=_shares(options),
        start=None if options.start is None else options.start * 1000.0,
        until=None if options.until is None else options.until * 1000.0,
    )


def _shares(options: ExperimentOptions) -> dict[str, float]:
    try:
        weights = {name: float(weight) for name, weight in options.shares}
    except ValueError:
        raise InvalidRequest("--share NAME=WEIGHT: a weight is a number, as in --share control=50") from None
    if not weights:
        return {}
    if min(weights.values()) <= 0:
        raise InvalidRequest("--share NAME=WEIGHT: a weight is above zero")
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}


def _target(options: ExperimentOptions) -> connection.Target | None:
    """Return what the events are read from, None for files."""
    if not (options.local or options.archive):
        return None
    return connection.find(options.name, options.context, aws=options.aws, local=options.local)


def _experiment(options: ExperimentOptions, target: connection.Target | None) -> Experiment | None:
    """Return the experiment; None where there is none: then recorded variants decide."""
    try:
        plan = options.experiment or _set(options, target)
        return _whole(plan.experiment) if plan else None
    except ValueError as error:
        raise InvalidRequest(f"an experiment: {error}") from None


def _set(options: ExperimentOptions, target: connection.Target | None) -> ExperimentPlan | None:
    """Return the experiment of the settings, or that which the local services run with. Raises ValueError."""
    if target is None or not target.local_url:
        return connection.settings(options.context).experiment
    value = target.local_values.get("EXPERIMENT")
    if not value:
        raise click.UsageError(NONE_IN_SERVE)
    return parse_experiment(value)


def _slot(options: ExperimentOptions, target: connection.Target | None) -> str | None:
    """Return the list of the slot's impressions, None where nobody reads impressions."""
    if options.impression_list:
        return options.impression_list
    if target and target.local_url:
        return target.local_values.get("IMPRESSION_LIST") or None
    return connection.settings(options.context).options.impression_list


def _whole(experiment: Experiment) -> Experiment:
    """Return an experiment whose earlier weights are known. Raises ValueError."""
    if experiment.epoch > 1 and not experiment.earlier:
        raise ValueError(
            f"epoch {experiment.epoch} needs earlier: the weights before, and since when (docs/experiment.md)"
        )
    return experiment


def _write(report: Report, options: ExperimentOptions) -> None:
    files: dict[Path, Callable[[Path], object]] = {}
    if options.html or options.plot:
        from cli.experiment import page, plots  # draw: a second to load

        if options.html:
            files[options.html] = lambda path: page.write(report, path)
        if options.plot:
            drawn = plots.image(report, options.plot)
            files[options.plot] = lambda path: path.write_bytes(drawn)
    output_files.write(files)


def _print(report: Report, outcomes: list[Outcome], options: ExperimentOptions) -> None:
    if options.as_json:
        output_files.put(json.dumps(exact(json_report.as_json(report, outcomes))) + "\n")
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    with output_files.printing(console):
        display.show(report, outcomes, console)
