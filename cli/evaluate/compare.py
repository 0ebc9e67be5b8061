"""What `./broker evaluate FILE` does: every recommender on the same users, with how sure it is, and a gate for CI."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from cli import connection as targets
from cli import output_files
from cli.errors import service_errors
from cli.evaluate import campaign, checks, display
from cli.progress import Steps
from cli.recommendation_query import filter_arn
from evaluation.data import attributes, list_files, results_table, splits_folder
from evaluation.data import log as logs
from evaluation.data.results_table import PublishedResult
from evaluation.diagnostics import published_table
from evaluation.diagnostics.registry import Diagnostic
from evaluation.recommenders import candidates
from evaluation.recommenders.candidates import Candidate
from evaluation.report import json_report
from evaluation.run import Evaluation, EvaluationRequest, run
from evaluation.scoring import gate as gates
from evaluation.scoring import published
from evaluation.scoring.metrics import PLACES
from evaluation.splits import split
from evaluation.task import Task, task, with_catalogue
from personalize_data.errors import InvalidRequest
from recommender_models.record_columns import RecordColumns

WIDTH = 120  # where there is no terminal to measure


def compare(
    file: Path | None, metrics: Path | None, results: Path | None, *, as_json: bool, options: dict[str, Any]
) -> bool:
    """Compare, write and print what was asked for; return whether all gates hold. ``options``: those of the command.

    Raises BadFile, BadQuestion, OSError and click.ClickException.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    conditions, prices = _checked(file, metrics, results, options)
    answers = published.read(metrics) if metrics else []
    lines = results_table.read(results) if results else []
    if file is None:
        _published_only(answers, lines, console, as_json=as_json)
        return True
    with Steps() as steps:
        result = _evaluated(file, answers, prices, steps, options)
        result = replace(result, diagnostics=[*result.diagnostics, *published_table.diagnose(lines)])
        outcomes = [gates.check(condition, result.boards, options["how"].seed) for condition in conditions]
        steps.begin("writing")
        _write(result, options)
    _print_result(result, lines, outcomes, console, options["currency"], as_json=as_json)
    return all(outcome.holds for outcome in outcomes)


def _print_result(
    result: Evaluation,
    lines: list[PublishedResult],
    outcomes: list[gates.Outcome],
    console: Console,
    currency: str,
    *,
    as_json: bool,
) -> None:
    if as_json:
        published_results = {"results": json_report.results(lines)} if lines else {}
        gates_too = {"gates": [vars(outcome) for outcome in outcomes]}
        output_files.put(json.dumps(json_report.as_json(result) | published_results | gates_too) + "\n")
        return
    with output_files.printing(console):
        display.show(result, console, currency, lines)
        for outcome in outcomes:
            console.print(f"gate {outcome.line}", markup=False, soft_wrap=True)


def _checked(
    file: Path | None, metrics: Path | None, results: Path | None, options: dict[str, Any]
) -> tuple[list[gates.Gate], dict[str, float]]:
    """Return the gates and the prices, after all that can be refused before the work."""
    if file is not None and file.is_dir():
        checks.of_folder(file, click.get_current_context())
    taking_part = checks.taking_part(
        options["tasks"], options["recommendations"], campaign=options["campaign_arn"] is not None
    )
    read = checks.read_files(
        file, options["recommendations"], options["users_file"], options["items_file"], metrics, results
    )
    output_files.check({"--per-user": options["per_user"], "--html": options["html"]}, read)
    return checks.conditions(options["require"], taking_part), checks.prices(options["cost"], taking_part)


def _published_only(
    answers: list[published.Published], lines: list[PublishedResult], console: Console, *, as_json: bool
) -> None:
    diagnostics = published_table.diagnose(lines)
    if as_json:
        report: dict[str, Any] = {"published": json_report.published(answers)} if answers else {}
        if lines:
            report |= {"results": json_report.results(lines), "diagnostics": json_report.diagnostics(diagnostics)}
        output_files.put(json.dumps(report) + "\n")
        return
    with output_files.printing(console):
        for answer in answers:
            display.print_published(console, answer)
        if lines:
            display.print_results(console, lines)
            display.print_alarms(console, diagnostics)
            if not diagnostics:
                console.print("no diagnostic found a problem")


def _evaluated(
    file: Path, answers: list[published.Published], prices: dict[str, float], steps: Steps, options: dict[str, Any]
) -> Evaluation:
    users = attributes.read(options["users_file"], "USER_ID") if options["users_file"] else RecordColumns()
    if options["slice_by"] and options["slice_by"] not in users.columns:
        known = f"(there are: {', '.join(users.columns) or 'none'})"
        raise InvalidRequest(f"--slice-by {options['slice_by']}: {options['users_file']} has no such column {known}")
    question, notes, changed = _question(file, steps, options)
    external = _external_candidates(question, steps, options)
    notes += [f"{entry.name}: {entry.what}" for entry in external if entry.what != candidates.UNCHANGED]
    request = EvaluationRequest(
        tasks=options["tasks"],
        main=options["metric"],
        prices=prices,
        attribute=options["slice_by"],
        tune=not options["no_tuning"],
        seed=options["how"].seed,
    )
    result = run(question, request, users, external, answers, steps.begin, notes)
    return replace(result, diagnostics=[*changed, *result.diagnostics])


def _question(file: Path, steps: Steps, options: dict[str, Any]) -> tuple[Task, list[str], list[Diagnostic]]:
    """Return the question, notes, and what is odd about the files that ask it."""
    steps.begin(f"reading {file.name}")
    changed = None
    if file.is_dir():
        question, log, changed = splits_folder.read(file, time.time())
        notes = _past_note(len(log) - len(question.train))
    else:
        log, hold_out = logs.read(file, time.time()), options["how"]
        parted = split(log, hold_out)
        question = task(log, parted, options["sample_users"], hold_out.seed)
        notes = _sample_note(question, log.rows.users[parted.truth])
        notes += _past_note(int((parted.past & ~parted.train).sum()))
    if log.duplicates:
        notes.append(f"{log.duplicates:,} duplicate rows (same user, item, type and second) left out")
    if log.probes:
        notes.append(f"{log.probes:,} rows of the broker's own probe (broker-probe) left out")
    if options["items_file"]:
        question = with_catalogue(question, attributes.read(options["items_file"], "ITEM_ID").ids)
    return question, notes, [Diagnostic("truth_changed", "data", changed)] if changed else []


def _sample_note(question: Task, users_with_truth: Any) -> list[str]:
    of = len(set(users_with_truth.tolist()))
    if question.users == of:
        return []
    return [f"a sample of {question.users:,} of {of:,} test users: --sample-users asks about more"]


def _past_note(rows: int) -> list[str]:
    """Say what a real Personalize knows more, where the test users are kept out of the training."""
    if not rows:
        return []
    past = f"the past of the tested users, {rows:,} interactions, is known and not trained on"
    return [f"{past}; a Personalize that has imported it (train.csv of evaluate split holds it) trains on it, too"]


def _external_candidates(question: Task, steps: Steps, options: dict[str, Any]) -> list[Candidate]:
    items = {item: code for code, item in enumerate(question.past.item_ids)}
    users = question.past.user_ids
    lists: dict[str, Any] = {}
    for name, path in options["recommendations"]:
        size = Path(path).stat().st_size
        lists[name] = list_files.read(Path(path), steps.begin(f"reading {path}", size))
    descriptions: dict[str, str] = {}
    if options["campaign_arn"]:
        target = targets.find(options["name"], options["context"], aws=options["aws"])
        descriptions = {checks.CAMPAIGN: targets.NOT_AMAZONS} if target.local_url else {}
        lists[checks.CAMPAIGN] = _of_campaign(target, users, steps, options)
    return [
        candidates.external(
            name, list_files.fit(users_lists, users, items, PLACES), descriptions.get(name, candidates.UNCHANGED)
        )
        for name, users_lists in lists.items()
    ]


def _of_campaign(
    target: targets.Target, users: Sequence[str], steps: Steps, options: dict[str, Any]
) -> dict[str, list[str]]:
    arn = options["campaign_arn"]
    with service_errors():
        filtered = {"filterArn": filter_arn(target, options["filter_"])} if options["filter_"] else {}
        request = {"campaignArn": arn, "numResults": PLACES, **filtered}
        answered = steps.begin(f"asking {arn.rpartition('/')[2]}", len(users))
        return campaign.ask(target.client("personalize-runtime"), request, users, answered)


def _write(result: Evaluation, options: dict[str, Any]) -> None:
    per_user, html = options["per_user"], options["html"]
    files: dict[Path, Callable[[Path], object]] = {}
    if per_user:
        files[per_user] = lambda path: json_report.write_per_user(result, path)
    if html:
        from evaluation.report import page  # draws: a second to load

        files[html] = lambda path: page.write(result, path, options["currency"])
    output_files.write(files)
