"""`./broker evaluate FILE`: every recommender on the same users, with how sure it is, and a gate for CI."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from cli import target as targets
from cli.asking import filter_arn
from cli.evaluate import asked, campaign, checks, display, outputs
from cli.evaluate.outputs import NEW_FILE
from cli.evaluate.steps import Steps
from cli.evaluate.subcommands import Evaluate
from evaluation.alarms import printed
from evaluation.data import attributes, list_files, results_table, splits_folder
from evaluation.data import log as logs
from evaluation.data.results_table import Line
from evaluation.failure import BadQuestion
from evaluation.recommenders import entries
from evaluation.recommenders.entries import Entry
from evaluation.report import numbers, page
from evaluation.run import MAIN, Asked, Result, run
from evaluation.scoring import gate as gates
from evaluation.scoring import names, published
from evaluation.scoring.metrics import PLACES
from evaluation.splits import split
from evaluation.task import KINDS, Task, task, with_catalogue
from personalize_local.data.record_columns import RecordColumns

CSV = click.Path(exists=True, dir_okay=False, path_type=Path)
WIDTH = 120  # where there is no terminal to measure


EXAMPLES = """\b
Examples:
  ./broker evaluate interactions.csv
  ./broker evaluate interactions.csv --hold-out basket --html report.html --json > result.json
  ./broker evaluate interactions.csv --gate 'ndcg@10:ease>=popularity'
"""


@click.command("evaluate", cls=Evaluate, epilog=EXAMPLES, no_args_is_help=True, short_help="Is a recommender worth it?")
@click.argument("file", type=click.Path(exists=True, path_type=Path), required=False, metavar="[FILE|DIR]")
@click.option("--users", "users_file", type=CSV, help="The Users dataset: USER_ID and attributes.")
@click.option("--items", "items_file", type=CSV, help="The Items dataset: more of what could be recommended.")
@click.option(
    "--recommendations", type=checks.Pair(), multiple=True, metavar="NAME=FILE", help="A batch job's .out file."
)
@click.option("--campaign", "campaign_arn", metavar="ARN", help="Ask this live campaign about every test user.")
@click.option("--filter", "filter_", metavar="NAME|ARN", help="A filter on what --campaign answers.")
@click.option("--personalize-metrics", type=CSV, help="What GetSolutionMetrics answered: adds users and intervals.")
@click.option("--results", type=CSV, help="Somebody's table of results: NAME, TASK, USERS, P@10, …: what is odd in it.")
@click.option("--task", "tasks", type=click.Choice(KINDS), multiple=True, default=KINDS, show_default=True)
@click.option(
    "--metric", type=checks.Metric(), default=MAIN, show_default=True, help=f"What decides. There are {names.IN_WORDS}."
)
@click.option("--slice-by", metavar="COLUMN", help="A column of --users to slice by.")
@click.option("--cost", type=checks.Pair(), multiple=True, metavar="NAME=AMOUNT", help="What one costs a month.")
@click.option("--currency", default="USD", show_default=True)
@click.option("--fixed-settings", is_flag=True, help="Take the default settings instead of choosing by validation.")
@click.option("--gate", multiple=True, metavar="[TASK/]METRIC:NAME>=OTHER", help="Exit code 1 unless it holds.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@click.option("--html", type=NEW_FILE, help="Write a report that stands alone, with plots.")
@click.option("--per-user", type=NEW_FILE, help="Write a CSV with every user's metrics.")
@asked.options
@targets.options
def compare(
    file: Path | None, as_json: bool, personalize_metrics: Path | None, results: Path | None, **options: Any
) -> None:
    """Compare recommenders on the interactions of FILE (USER_ID, ITEM_ID, TIMESTAMP in seconds, EVENT_TYPE if there is
    one), or of a DIR that `evaluate split` has written: counting, models learnt here, and what you give.

    A gate with >= fails if NAME is shown to be worse than OTHER (a recommender or a number), one with > unless it is
    shown to be better; shown means beyond the 95 % interval.

    Exit code: 0 done, 1 a gate fails or a service refuses, 2 wrong use or a file that can't be used.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    if options["filter_"] and not options["campaign_arn"]:
        raise click.UsageError("--filter goes with --campaign: a file's lists are taken as given")
    context = click.get_current_context()
    if file is None:
        checks.without_file(context, need_none=("personalize_metrics", "results", "as_json"))
    with asked.one_line_errors():
        conditions, prices = _checked(file, context, personalize_metrics, results, options)
        answers = published.read(personalize_metrics) if personalize_metrics else []
        lines = results_table.read(results) if results else []
        if file is None:
            _published_only(answers, lines, console, as_json=as_json)
            return
        with Steps() as steps:
            result = _evaluated(file, answers, prices, steps, options)
            result = replace(result, alarms=[*result.alarms, *printed.sounded(lines)])
            outcomes = [gates.check(condition, result.boards, options["how"].seed) for condition in conditions]
            steps.begin("writing")
            _write(result, options)
        _say(result, lines, outcomes, console, options["currency"], as_json=as_json)
    if not all(outcome.holds for outcome in outcomes):
        raise SystemExit(1)


def _say(
    result: Result, lines: list[Line], outcomes: list[gates.Outcome], console: Console, currency: str, *, as_json: bool
) -> None:
    if as_json:
        theirs = {"results": numbers.results(lines)} if lines else {}
        gates_too = {"gates": [vars(outcome) for outcome in outcomes]}
        outputs.put(json.dumps(numbers.as_json(result) | theirs | gates_too) + "\n")
        return
    with outputs.printing(console):
        display.show(result, console, currency, lines)
        for outcome in outcomes:
            console.print(f"gate {outcome.line}", markup=False, soft_wrap=True)


def _checked(
    file: Path | None, context: click.Context, metrics: Path | None, results: Path | None, options: dict[str, Any]
) -> tuple[list[gates.Gate], dict[str, float]]:
    """Return the gates and the prices, after all that can be refused before the work."""
    if file is not None and file.is_dir():
        checks.of_folder(file, context)
    taking_part = checks.taking_part(
        options["tasks"], options["recommendations"], campaign=options["campaign_arn"] is not None
    )
    read = checks.read_files(
        file, options["recommendations"], options["users_file"], options["items_file"], metrics, results
    )
    outputs.check({"--per-user": options["per_user"], "--html": options["html"]}, read)
    return checks.conditions(options["gate"], taking_part), checks.prices(options["cost"], taking_part)


def _published_only(answers: list[published.Published], lines: list[Line], console: Console, *, as_json: bool) -> None:
    if not answers and not lines:
        raise click.UsageError("give a FILE of interactions, --personalize-metrics or --results")
    alarms = printed.sounded(lines)
    if as_json:
        found: dict[str, Any] = {"published": numbers.published(answers)} if answers else {}
        if lines:
            found |= {"results": numbers.results(lines), "alarms": [vars(alarm) for alarm in alarms]}
        outputs.put(json.dumps(found) + "\n")
        return
    with outputs.printing(console):
        for answer in answers:
            display.print_published(console, answer)
        if lines:
            display.print_results(console, lines)
            display.print_alarms(console, alarms)
            if not alarms:
                console.print("no alarm goes off")


def _evaluated(
    file: Path, answers: list[published.Published], prices: dict[str, float], steps: Steps, options: dict[str, Any]
) -> Result:
    users = attributes.read(options["users_file"], "USER_ID") if options["users_file"] else RecordColumns()
    if options["slice_by"] and options["slice_by"] not in users.columns:
        raise BadQuestion(f"--slice-by {options['slice_by']}: --users has no such column")
    question, notes = _question(file, steps, options)
    given = _given(question, steps, options)
    what = Asked(
        tasks=options["tasks"],
        main=options["metric"],
        prices=prices,
        attribute=options["slice_by"],
        tune=not options["fixed_settings"],
        seed=options["how"].seed,
    )
    return run(question, what, users, given, answers, steps.begin, notes)


def _question(file: Path, steps: Steps, options: dict[str, Any]) -> tuple[Task, list[str]]:
    steps.begin(f"reading {file.name}")
    if file.is_dir():
        question, log = splits_folder.read(file)
        notes = _past_note(len(log) - len(question.train))
    else:
        log, how = logs.read(file), options["how"]
        parted = split(log, how)
        question = task(log, parted, options["sample_users"], how.seed)
        notes = _sample_note(question, log.rows.users[parted.truth])
        notes += _past_note(int((parted.past & ~parted.train).sum()))
    if log.duplicates:
        notes.append(f"{log.duplicates:,} duplicate rows (same user, item, type and second) left out")
    if options["items_file"]:
        question = with_catalogue(question, attributes.read(options["items_file"], "ITEM_ID").ids)
    return question, notes


def _sample_note(question: Task, users_with_truth: Any) -> list[str]:
    of = len(set(users_with_truth.tolist()))
    if question.users == of:
        return []
    return [f"a sample of {question.users:,} of {of:,} test users: --sample-users asks about more"]


def _past_note(rows: int) -> list[str]:
    """Say what a real Personalize knows more, where the test users are kept out of the training."""
    if not rows:
        return []
    what = f"the past of the tested users, {rows:,} interactions, is known and not trained on"
    return [f"{what}; a Personalize that has imported it (train.csv of evaluate split holds it) trains on it, too"]


def _given(question: Task, steps: Steps, options: dict[str, Any]) -> list[Entry]:
    items = {item: code for code, item in enumerate(question.past.item_ids)}
    users = question.past.user_ids
    found: dict[str, Any] = {}
    for name, path in options["recommendations"]:
        size = Path(path).stat().st_size
        found[name] = list_files.read(Path(path), steps.begin(f"reading {path}", size))
    if options["campaign_arn"]:
        found[checks.CAMPAIGN] = _of_campaign(options["campaign_arn"], users, steps, options)
    return [entries.given(name, list_files.fit(one, users, items, PLACES)) for name, one in found.items()]


def _of_campaign(arn: str, users: Sequence[str], steps: Steps, options: dict[str, Any]) -> dict[str, list[str]]:
    target = targets.find(options["name"], options["context"], aws=options["aws"])
    with targets.one_line_errors():
        filtered = {"filterArn": filter_arn(target, options["filter_"])} if options["filter_"] else {}
        request = {"campaignArn": arn, "numResults": PLACES, **filtered}
        answered = steps.begin(f"asking {arn.rpartition('/')[2]}", len(users))
        return campaign.ask(target.client("personalize-runtime"), request, users, answered)


def _write(result: Result, options: dict[str, Any]) -> None:
    per_user, html = options["per_user"], options["html"]
    files: dict[Path, Callable[[Path], object]] = {}
    if per_user:
        files[per_user] = lambda path: numbers.write_per_user(result, path)
    if html:
        files[html] = lambda path: page.write(result, path, options["currency"])
    outputs.write(files)
