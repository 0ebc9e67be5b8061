"""What a list must bring to pay its price: by hand, with its interval, and as `./broker cost` prints it."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cli import cost as cost_command
from cli.evaluate.prices import prices
from evaluation.report import money
from evaluation.scoring.cost import Business, Cost, Range
from evaluation.scoring.uncertainty import Interval, compare
from personalize_data.errors import BadFile, InvalidRequest

SHOP = Business(users_per_month=1_000, value_per_hit=2)


def cost(hits: int, others: int, price: float = 100, business: Business = SHOP) -> Cost:
    """Return the cost of a list with so many hits of 1,000 users, where another has ``others`` of the same users."""
    values, beside = (np.arange(1_000) < number for number in (hits, others))
    extra = compare(values.astype(float), beside.astype(float), 1)
    share = hits / 1_000
    return Cost("theirs", price, Interval(share, share - 0.1, share + 0.1, 1_000), extra, 10, "history", business)


def test_the_break_even_incrementality_is_the_price_by_the_worth_of_all_hits() -> None:
    share = cost(500, 400).break_even_incrementality
    assert share is not None
    # 1,000 users with 500 hits of 2.00 each are 1,000.00: a tenth of it pays 100.00.
    assert (share.middle, share.low, share.high) == pytest.approx((0.1, 100 / 1_200, 100 / 800))


def test_the_further_hits_are_those_beyond_the_best_list_that_needs_no_service() -> None:
    paid = cost(500, 400)
    extra = paid.extra_hits.difference
    for amounts, worth in ((paid.break_even_of_further_hits, 2_000), (paid.break_even_value, 1_000)):
        assert amounts is not None
        assert (amounts.middle, amounts.low, amounts.high) == pytest.approx(
            (100 / (worth * 0.1), 100 / (worth * extra.high), 100 / (worth * extra.low))
        )
    assert paid.further_value is not None
    assert paid.further_value.middle == pytest.approx(200)


def test_where_there_may_be_no_further_hit_no_value_is_shown_to_pay() -> None:
    unsure, none = cost(402, 400), cost(400, 420)
    assert unsure.break_even_value is not None
    assert none.break_even_value is not None
    assert unsure.break_even_value.high == none.break_even_value.middle == math.inf
    assert "is not shown to pay at any value of a hit" in " ".join(money.sentences(unsure, "USD"))
    assert "pays at no value of a hit: there are no further hits" in " ".join(money.sentences(none, "USD"))
    assert cost(400, 420, price=0).break_even_value == Range(0, 0, 0)


def test_the_first_sentence_is_the_break_even_incrementality() -> None:
    first, second, *_ = money.sentences(cost(500, 400), "EUR")
    assert first == (
        "To pay for theirs, 100.00 EUR a month (1,000 active users a month, 2.00 EUR a sale), of every 100 hits, 10 "
        "(8.3 to 12) would have to be sales that nobody would have made without the list"
    )
    assert second.startswith(
        "Instead of history, which needs no service: of every 100 hits beyond those of history, 50"
    )


@pytest.mark.parametrize(("hits", "words"), [(450, "it is not shown to pay"), (390, "it does not pay")])
def test_too_few_further_hits_are_said_to_be(hits: int, words: str) -> None:
    sentence = money.against_the_alternative(cost(hits, 400, price=90))
    assert sentence is not None
    assert words in sentence


def test_without_users_and_value_there_is_only_what_is_known() -> None:
    assert len(money.sentences(cost(500, 400, business=Business()), "USD")) == 1
    with_users = money.sentences(cost(500, 400, business=Business(users_per_month=1_000)), "USD")
    assert with_users[0].startswith(
        "With 1,000 active users a month, theirs instead of history pays if a further hit is worth"
    )
    assert len(with_users) == 2


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a real `./broker cost --json`."""
    done = CliRunner().invoke(cost_command.command, ["--stage", "recommend", "--json"])
    assert done.exit_code == 0, done.output
    file = tmp_path_factory.mktemp("cost") / "cost.json"
    file.write_text(done.stdout)
    return file


def test_a_price_is_taken_from_what_broker_cost_prints(bill: Path) -> None:
    total = float(json.loads(bill.read_text())["usd_per_month"])
    found = prices([("theirs", str(bill)), ("ease", "4")], {"all-items": ["theirs", "ease"]}, "USD")
    assert found.amounts == {"theirs": total, "ease": 4}
    assert found.at_least == {"theirs"}  # mParticle's write-back has no list price
    assert total > 100


def test_a_bill_in_another_currency_or_that_is_none_is_refused(bill: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="it is in USD, and --currency is EUR"):
        prices([("theirs", str(bill))], {"all-items": ["theirs"]}, "EUR")
    other = tmp_path / "cost.json"
    for text in ("[]", "{", '{"usd_per_month": null, "complete": true}'):
        other.write_text(text)
        with pytest.raises(BadFile):
            prices([("theirs", str(other))], {"all-items": ["theirs"]}, "USD")


def test_a_price_that_lacks_items_is_said_to_be_a_lower_bound() -> None:
    business = Business(1_000, 2, frozenset(["theirs"]))
    for sentence in (money.sentences(cost(500, 400, business=business), "USD")[place] for place in (0, -1)):
        assert "at least 100.00 USD a month" in sentence
