"""What comes of trials: rates, the floor, tables and the page."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.loop.comparison import Spread, sample, spread
from bench.loop.floor import Need, ideal
from bench.loop.report.loop_tables import rate
from bench.loop.report.page import BEGIN, END, NoMarks, with_text, write
from bench.loop.report.report import tables
from bench.loop.report.results import Results
from bench.loop.report.table import Table, number, with_range
from bench.loop.rivals.rivals import ARTICLE, BROKER
from bench.loop.trial import Trial
from bench.loop.workloads import ONE_EVENT

TRIAL = Trial(
    rival="broker",
    workload="one event per user",
    latency=0.02,
    records=100,
    interactions=100,
    users=100,
    first_wall=2.0,
    second_wall=1.0,
    first_processor=0.5,
    second_processor=0.6,
    ideal=(0.5, 0.4),
    requests={"PutEvents": 101, "BatchGetItem": 6},
    parts={},
    floor={"PutEvents": 100, "BatchGetItem": 6},
    refused=0,
    invocations=2,
    left=0,
    left_first=3,
)
ALONE = replace(
    TRIAL, rival="article", requests={"Upload": 100}, first_wall=10.0, second_wall=0.0, second_processor=0.0
)
RESULTS = Results(
    titles={"article": "the article's function", "broker": "the broker"},
    trials=[TRIAL, replace(TRIAL, first_wall=4.0), ALONE],
    rounds=2,
    share=None,
    share_by="calculation",
    machine={"commit": "0123abc", "python": "3.11", "system": "Linux", "processors": 2, "load": 0.0}
    | dict.fromkeys(("boto3", "aws_lambda_powertools", "requests"), "1"),
    shares={512: [TRIAL, ALONE]},
)


def test_the_floor_counts_calls_of_ten_events_ten_messages_and_a_hundred_profiles() -> None:
    need = Need({("1", "s"): 11, ("1", "t"): 1, **{(str(n), "s"): 10 for n in range(2, 102)}})
    assert need.users == 101
    without_state = {"PutEvents": 103, "SendMessageBatch": 11, "GetRecommendations": 101, "BulkUpload": 2}
    assert need.floor(state=False, purchase_queue=True) == without_state
    state = {"BatchGetItem": 2, "TransactWriteItems": 4}
    assert need.floor(state=True, purchase_queue=True) == without_state | state


def test_users_who_bought_something_are_in_calls_of_their_own() -> None:
    need = Need({(str(n), "s"): 1 for n in range(10)}, buyers=frozenset("12"))
    assert need.floor(state=False, purchase_queue=False)["SendMessageBatch"] == 1
    assert need.floor(state=False, purchase_queue=True)["SendMessageBatch"] == 2
    assert need.floor(state=True, purchase_queue=True)["BulkUpload"] == 2


def test_the_ideal_is_waiting_by_stages_on_so_many_connections() -> None:
    requests = {"PutEvents": 33, "SendMessageBatch": 1, "GetRecommendations": 16, "BulkUpload": 1}
    assert ideal(requests, 0.5, 16) == (0.5 * (3 + 1), 0.5 * (1 + 1))


def test_the_slower_function_counts_unless_both_are_added_and_a_share_makes_both_longer() -> None:
    assert (TRIAL.seconds(), TRIAL.seconds(added=True)) == (2.0, 3.0)
    assert (TRIAL.seconds(0.1), TRIAL.seconds(0.1, added=True)) == (6.0, 11.0)
    assert TRIAL.processor_ms_per_event == pytest.approx(11.0)
    assert rate(RESULTS, [TRIAL, replace(TRIAL, first_wall=4.0)]) == Spread(37.5, 25.0, 50.0)
    assert rate(RESULTS.at_share(0.1, [TRIAL]), [TRIAL]).median == pytest.approx(100 / 6)
    assert rate(replace(RESULTS, share=0.1, share_by="cgroup"), [TRIAL]).median == 50.0


def test_a_rival_that_waits_gets_fewer_records_the_longer_it_waits() -> None:
    sizes = [sample(ARTICLE, ONE_EVENT, latency) for latency in (0, 0.005, 0.02, 0.05, 9)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 10
    assert sample(ARTICLE, ONE_EVENT, 0, share=0.29) < sizes[0]
    assert sample(BROKER, ONE_EVENT, 0.05) == ONE_EVENT.records


def test_numbers_have_three_digits_and_a_range_where_there_is_one() -> None:
    assert [number(value) for value in (1234.5, 99.96, 9.994, 0.5)] == ["1,234", "100.0", "9.99", "0.50"]
    assert with_range(spread([3.0, 1.0, 200.0])) == "3.00 (1.00 to 200)"
    assert with_range(spread([2.0])) == "2.00"


def test_a_table_is_markdown_with_its_numbers_at_the_right() -> None:
    table = Table("Rates", "Per second.", ["rival", "rate"], [["a", "1"]])
    assert table.markdown() == "## Rates\n\nPer second.\n\n| rival | rate |\n|---|---:|\n| a | 1 |\n"


def test_the_tables_have_a_row_for_each_workload_and_latency() -> None:
    rates, requests, processor, shares = tables(RESULTS)
    assert rates.rows == [["one event per user", "20 ms", "10.0", "37.5 (25.0 to 50.0)", "26.7 (20.0 to 33.3)", "3.75"]]
    assert requests.rows == [["one event per user", "1,000", "1,060", "1,000", "1,070"]]
    assert processor.rows == [["one event per user", "5.00", "11.0", "6.00"]]
    assert shares.rows == [["512 MB", "one event per user", "10.0", "48.2", "3"]]
    assert all(len(row) == len(table.columns) for table in (rates, requests, processor, shares) for row in table.rows)


def test_only_the_text_between_the_marks_is_written(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write(page, RESULTS)
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert "![Events per second](performance.svg)" in text
    assert "## By memory, which buys processor time" in text
    assert (tmp_path / "performance.svg").read_text().startswith("<svg")
    assert with_text(with_text(text, "x"), "x").count("x") == with_text(text, "x").count("x")


@pytest.mark.parametrize("page", ["", f"{BEGIN}\n", f"{END}\n{BEGIN}\n"])
def test_a_page_without_the_marks_is_refused(page: str) -> None:
    with pytest.raises(NoMarks):
        with_text(page, "text")
