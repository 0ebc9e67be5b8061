"""What `./broker experiment` does: reads, analyses, writes and prints."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from broker.experiment import Experiment, experiment_from
from broker.json_values import mapping
from rich.console import Console

from cli import connection, output_files
from cli.console import exact
from cli.experiment import display, reading
from cli.experiment.options import ExperimentOptions
from cli.options import pairs
from cli.progress import Steps
from experiments import gate as gates
from experiments import json_report
from experiments.analysis import Question, Report, analyse
from experiments.gate import Outcome
from experiments.outcomes import Windows
from personalize_data.errors import InvalidRequest

WIDTH = 120  # where there is no terminal to measure
OF_ANALYSIS = ("name", "holdout", "epoch", "from", "earlier")
EXPERIMENT, IMPRESSION_LIST = "broker:experiment", "broker:impression_list"


def run(options: ExperimentOptions) -> bool:
    """Analyse, write and print; return whether all gates hold.

    Raises BadFile, InvalidRequest, OSError and click.ClickException.
    """
    conditions = [gates.parse(text) for text in options.gates]
    experiment, question = _experiment(options), _question(options)
    inputs = [Path(name) for name in options.files if not name.startswith("s3://")]
    output_files.check({"--html": options.html, "--plot": options.plot}, inputs)
    with Steps(quiet=options.as_json) as steps:
        slot = options.impression_list or _setting(options, IMPRESSION_LIST) or None
        found = reading.read(options, slot, steps)
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


def _experiment(options: ExperimentOptions) -> Experiment | None:
    """Return the experiment of the option or the settings; None where there is none: then recorded variants decide."""
    origin = str(options.experiment_file or EXPERIMENT)
    text = options.experiment_file.read_text("utf-8") if options.experiment_file else _setting(options, EXPERIMENT)
    if not text:
        return None
    try:
        return _whole(experiment_from(_analysed(json.loads(text) if isinstance(text, str) else text)))
    except ValueError as error:
        raise InvalidRequest(f"{origin}: {error}") from None


def _whole(experiment: Experiment) -> Experiment:
    """Return an experiment whose earlier weights are known. Raises ValueError."""
    if experiment.epoch > 1 and not experiment.earlier:
        raise ValueError(
            f"epoch {experiment.epoch} needs earlier: the weights before, and since when (docs/experiment.md)"
        )
    return experiment


def _analysed(value: Any) -> Any:
    """Return what the analysis reads of an experiment, in the settings' form or in that of the functions' variable."""
    if not isinstance(value, dict):
        return value
    variants = {name: {"weight": mapping(one).get("weight")} for name, one in mapping(value.get("variants")).items()}
    return {name: value[name] for name in OF_ANALYSIS if name in value} | {"variants": variants}


def _setting(options: ExperimentOptions, name: str) -> Any:
    given = pairs("-c", options.context, last_counts=True)
    return ({**json.loads((connection.ROOT / "cdk.json").read_text("utf-8"))["context"]} | given).get(name)


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
