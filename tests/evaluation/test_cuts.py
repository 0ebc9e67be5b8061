"""Several cuts: what they predict, and that an interval over them holds for other periods, not only other users."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cli.evaluate import command
from evaluation import rolling
from evaluation.data import log as logs
from evaluation.progress import unseen
from evaluation.recommenders.candidates import train
from evaluation.recommenders.registry import BY_NAME
from evaluation.recommenders.tuning import Choice
from evaluation.scoring import cuts, gate
from evaluation.scoring.beyond_accuracy import BeyondAccuracy
from evaluation.scoring.cuts import Cut
from evaluation.scoring.leaderboard import Leaderboard, Result
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import Scores
from evaluation.scoring.over_cuts import OverCuts, compare
from evaluation.scoring.uncertainty import Values, mean
from evaluation.splits import DAY, HoldOut, split
from evaluation.task import ALL_ITEMS, task
from personalize_data.errors import InvalidRequest
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from tests.draws import draws
from tests.evaluation import by_chance, made_up

MAIN = Metric("ndcg", 10)
TIMES = draws(1000, 100)
UCI = 0.008, 0.014  # how far months lie apart in UCI Online Retail, as a standard deviation of a difference
USERS_SD = 0.1  # of one user: the interval of 600 users is ±0.008


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up.write(tmp_path_factory.mktemp("shop") / "interactions.csv", made_up.rows(users=260))


def test_periods_touch_have_one_length_and_the_newest_is_the_one_of_a_single_cut(file: Path) -> None:
    log = logs.read(file)
    single = split(log, HoldOut())
    parts = [split(log, each) for each in rolling.hold_outs(log, HoldOut(), 3)]
    assert (parts[-1].truth == single.truth).all()
    assert sum(each.truth.astype(int) for each in parts).max() == 1
    assert (parts[1].train == (parts[0].train | parts[0].truth)).all()
    at = [each.at for each in rolling.hold_outs(log, HoldOut(at=made_up.START + 50 * DAY, horizon_days=7), 3)]
    assert np.diff(at).tolist() == [7 * DAY, 7 * DAY]


@pytest.mark.parametrize(
    ("hold_out", "message"),
    [
        (HoldOut(), "--cuts 40: at the cut of 20..-..-.., nothing is left to train on.*fewer cuts"),
        (HoldOut(at=made_up.START + 400 * DAY), "nothing lies after the newest"),
    ],
)
def test_more_cuts_than_there_is_time_for_are_refused(file: Path, hold_out: HoldOut, message: str) -> None:
    log = logs.read(file)
    with pytest.raises(InvalidRequest, match=message):
        [rolling.split_at(log, each, 40) for each in rolling.hold_outs(log, hold_out, 40)]


def of_others(random: np.random.Generator, means: np.ndarray, n: int) -> OverCuts:
    """Compare over cuts with these true differences, other users at each."""
    users = [np.arange(n) + n * cut for cut in range(len(means))]
    return compare(users, [random.normal(each, USERS_SD, n) for each in means], None)


def test_the_mean_over_cuts_has_students_interval_over_them() -> None:
    from scipy import stats  # loads for a second

    over = of_others(np.random.default_rng(1), np.array([0.1, 0.3, 0.2, 0.5]), 400)
    test = stats.ttest_1samp([each.mean for each in over.by_cut], 0)
    interval = test.confidence_interval()
    assert (over.total.difference.low, over.total.difference.high) == pytest.approx(interval, abs=1e-6)
    assert over.total.p == pytest.approx(test.pvalue, abs=1e-6)
    assert over.ahead == 4
    assert over.another.half > 2 * over.total.difference.half


def test_it_is_never_narrower_than_the_users_alone_make_it() -> None:
    from scipy import stats  # loads for a second

    noise = np.random.default_rng(2).normal(0, 1, 300)
    same = [noise - noise.mean() + 0.05] * 3  # no difference between the cuts
    users = [np.arange(300) + 300 * cut for cut in range(3)]
    of_others, of_the_same = compare(users, same, None), compare([np.arange(300)] * 3, same, None)
    t = stats.t.ppf(0.975, 2)
    assert of_others.total.difference.half == pytest.approx(t * noise.std(ddof=1) / 900**0.5, rel=0.01)
    assert of_the_same.total.difference.half == pytest.approx(t * noise.std(ddof=1) / 300**0.5, rel=0.01)


@pytest.mark.parametrize("months_sd", UCI)
def test_an_interval_over_four_cuts_holds_for_what_months_are_like_and_one_months_does_not(months_sd: float) -> None:
    random, truth = np.random.default_rng(3), 0.02
    covered: Counter[str] = Counter()
    for _ in range(TIMES):
        months = random.normal(truth, months_sd, 5)
        over = of_others(random, months[:4], 600)
        next_month = mean(random.normal(months[4], USERS_SD, 600)).mean
        covered["four cuts"] += over.total.difference.low <= truth <= over.total.difference.high
        covered["another month"] += over.another.low <= next_month <= over.another.high
        covered["one cut"] += over.by_cut[0].low <= truth <= over.by_cut[0].high
    print(f"\nmonths {months_sd} apart: of {TIMES}, covered {dict(covered)}")  # noqa: T201
    least = TIMES - by_chance.most(TIMES, 0.05)
    assert covered["four cuts"] >= least
    assert covered["another month"] >= least
    assert covered["one cut"] < least


def test_users_who_come_back_at_each_cut_are_not_taken_for_new_ones() -> None:
    from scipy import stats  # loads for a second

    random, users = np.random.default_rng(4), [np.arange(200)] * 4
    covered = 0
    for _ in range(TIMES):
        loyal = random.normal(0.01, USERS_SD, 200)  # what each user is worth, month after month
        months = random.normal(0, UCI[0], 4)
        total = compare(users, [loyal + month for month in months], None).total.difference
        covered += total.low <= 0.01 <= total.high
        error = (months.var(ddof=1) / 4 + loyal.var(ddof=1) / 200) ** 0.5
        assert total.half == pytest.approx(stats.t.ppf(0.975, 3) * error, rel=0.01)
    assert covered >= TIMES - by_chance.most(TIMES, 0.05), covered


def cut_of(values: dict[str, Values], validated: dict[str, Values] | None, at: int) -> Cut:
    rows = []
    for candidate in by_chance.candidates(validated):
        each = values[candidate.name]
        scores = Scores(np.arange(len(each)), {MAIN: each})
        rows.append(Result(candidate, scores, {MAIN: mean(each)}, BeyondAccuracy(0, 0, 0, 0, 0, 0), {}, None))
    users = np.arange(len(rows[0].scores.users))
    leaderboard = Leaderboard(ALL_ITEMS, rows, (10,), (), MAIN, users, None)
    return Cut(at, {ALL_ITEMS: leaderboard}, {ALL_ITEMS: [f"u{user + 50 * at}" for user in users]})  # some come back


@pytest.mark.parametrize("n", [100, 500])
@pytest.mark.parametrize("draw", [by_chance.light, by_chance.heavy])
def test_equals_are_told_apart_over_four_cuts_no_more_often_than_by_chance(draw: by_chance.Draw, n: int) -> None:
    random, counts = np.random.default_rng([5, n]), Counter[str]()
    rows: Counter[str] = Counter()
    for _ in range(TIMES):
        validated = by_chance.equals(random, draw, 1000)
        four = [
            cut_of(
                {name: each + random.normal(0, 0.01) for name, each in by_chance.equals(random, draw, n).items()},
                validated,
                at,
            )
            for at in range(4)
        ]
        result = cuts.over(four, ALL_ITEMS)
        assert result is not None
        models = by_chance.NAMES[by_chance.EQUALS // 2 :]
        best_model = max(models, key=lambda name: validated[name].mean())
        rows.update({over.total.verdict for over in result.rows.values()})
        counts[result.rows[best_model].total.verdict] += 1
    print(f"\n{draw.__name__} tails, four cuts of {n} users: of {TIMES}, headline {counts}, any row {rows}")  # noqa: T201
    assert rows["better"] + rows["worse"] <= by_chance.most(TIMES, 0.05), rows
    assert max(counts["better"], counts["worse"]) <= by_chance.most(TIMES, 0.025), counts


def two_cuts(lead: float, random: np.random.Generator) -> list[Cut]:
    return [
        cut_of(
            {
                name: each + lead * (name == "r5")
                for name, each in by_chance.equals(random, by_chance.light, 300).items()
            },
            None,
            at,
        )
        for at in range(6)
    ]


def test_a_gate_is_judged_over_all_cuts_and_by_the_newest_where_one_takes_part_in_it_alone() -> None:
    six = two_cuts(0.2, np.random.default_rng(6))
    boards = six[-1].leaderboards
    outcome = gate.check(gate.parse("ndcg@10:r5>r1"), boards, 1, six)
    assert outcome.holds
    assert "r5 minus r1 over 6 cuts: 0.2" in outcome.line
    above = gate.check(gate.parse("ndcg@10:r5>0.5"), boards, 1, six)
    assert above.holds
    assert "(r5 over 6 cuts: 0.69" in above.line  # of users who are worth a half, and a lead of 0.2
    assert not gate.check(gate.parse("ndcg@10:r5>0.75"), boards, 1, six).holds
    alone = replace(
        boards[ALL_ITEMS],
        rows=[
            replace(row, candidate=replace(row.candidate, name=f"new {row.candidate.name}"))
            for row in boards[ALL_ITEMS].rows
        ],
    )
    newest = Cut(9, {ALL_ITEMS: alone}, six[-1].user_ids)
    assert (
        "cuts" not in gate.check(gate.parse("ndcg@10:new r5>new r1"), newest.leaderboards, 1, [*six[:-1], newest]).line
    )


def test_a_later_cut_takes_the_settings_and_the_validation_of_the_oldest(file: Path) -> None:
    log = logs.read(file)
    question = task(log, split(log, HoldOut()), 30, 1)
    (first,), _ = train(question, RecordColumns(), [BY_NAME["history"]], 1, unseen, tune=False)
    like = replace(first, choices={ALL_ITEMS: Choice(Settings(half_life_days=3.5))}, validated={ALL_ITEMS: 0.5})
    (later,), _ = train(question, RecordColumns(), [BY_NAME["history"]], 1, unseen, like=[like])
    assert (later.settings or {})[ALL_ITEMS]["half_life_days"] == 3.5
    assert later.validated == {ALL_ITEMS: 0.5}


def invoke(*arguments: str | Path | int) -> tuple[int, str, str]:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_command_shows_a_line_for_each_recommender_and_a_column_for_each_cut(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    code, out, err = invoke(
        file, "--no-tuning", "--cuts", 3, "--html", page, "--json", "--require", "ndcg@10:history>random"
    )
    assert code == 0, err
    report = json.loads(out)
    over = report["cuts"]["all-items"]
    assert (len(over["at"]), over["main_metric"]) == (3, "ndcg@10")
    assert over["at"][-1] == report["question"]["cut"]
    assert np.diff(over["at"]).tolist() == [over["at"][1] - over["at"][0]] * 2
    ease = over["recommenders"]["ease"]
    newest = report["tasks"]["all-items"]["recommenders"]
    if over["best_baseline"] == report["tasks"]["all-items"]["best_baseline"]:
        assert ease["by_cut"][-1]["mean"] == newest["ease"]["against_best_baseline"]["difference"]["mean"]
    assert ease["difference"]["mean"] == pytest.approx(np.mean([each["mean"] for each in ease["by_cut"]]), abs=1e-5)
    assert "over 3 cuts" in report["gates"][0]["line"]
    text = page.read_text()
    assert "over 3 cuts</h3>" in text
    assert "at 3 of 3 cuts" in text
    assert "a baseline that learns nothing, over 3 cuts: " in text
    assert "Another period. This is one" not in text


def test_one_cut_says_that_another_period_may_differ_and_each_users_own_moment_is_no_period(file: Path) -> None:
    assert "Another period. This is one; season and promotions differ" in invoke(file, "--no-tuning")[1]
    assert (
        "Another period. This is one"
        not in invoke(file, "--no-tuning", "--hold-out", "leave-one-out", "--task", "all-items")[1]
    )


def test_cuts_are_of_time_and_of_a_table(file: Path, tmp_path: Path) -> None:
    assert invoke(file, "--cuts", 2, "--hold-out", "last-basket")[0] == 2
    CliRunner().invoke(command, ["split", str(file), "--out", str(tmp_path / "split")])
    code, _, err = invoke(tmp_path / "split", "--cuts", 2)
    assert (code, "is split already, at one cut" in err) == (2, True)
