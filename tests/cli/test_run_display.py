"""What stands on a screen of 80 by 24 when `./broker run` has ended: the table of lists, and the verdict in words."""

from dataclasses import replace

import pytest

from cli.run import NEXT
from cli.run_display import report
from local_stack.audit.reconciliation import Holdings, audit
from local_stack.audit.rows import Row
from local_stack.list_quality import Comparisons, Purchase, comparisons
from local_stack.loop_result import LoopResult, summary
from local_stack.simple_lists import MOST_POPULAR, OWN_CATEGORIES, OWN_ITEMS, SimpleLists
from local_stack.user_batches import UserAccount

CATEGORIES = {f"{kind}{number}": kind for kind in ("pop", "hat") for number in range(20)}
SHOP = SimpleLists(tuple(CATEGORIES), CATEGORIES)
OWN = ("hat18", "hat19")
BOUGHT = ("hat18", "hat18", "hat3", "hat15")  # again, again, something new, something else that is new
NONE = Comparisons(None, None)


def compared(simple: SimpleLists = SHOP, customers: int = 120) -> Comparisons:
    """Return a comparison of a model that repeats own items, and has nothing but popular items else."""
    ranked = simple.for_history(OWN, 40)[OWN_ITEMS]
    purchases = [Purchase(str(number), ranked[:10], [BOUGHT[number % 4]], OWN, ranked) for number in range(customers)]
    return comparisons(purchases, simple, seed=1)


def result(shop: Comparisons, own: Comparisons = NONE, account: UserAccount | None = None) -> LoopResult:
    return LoopResult(
        audit=audit([], Holdings({}, set(), set(), set(), set())),
        lag_ms={},
        profiles=1,
        shop=shop,
        own=own,
        settled=True,
        seconds=1.0,
        profile={"mpid": 1, "user_attributes": {"product_recs": list(CATEGORIES)}},
        skipped={},
        quarantined={},
        uploads=1,
        unchanged=0,
        postponed=0,
        over_daily_cap=0,
        user_account=account,
    )


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> "Screen":
    monkeypatch.setenv("COLUMNS", "80")
    return Screen(capsys)


class Screen:
    """A terminal of 80 columns, of which the last 23 lines are seen above the prompt."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def after(self, shown: LoopResult) -> list[str]:
        report(shown, NEXT)
        lines = self._capsys.readouterr().out.splitlines()
        assert max(map(len, lines)) <= 80
        return [line.rstrip() for line in lines[-23:]]


def test_a_model_that_only_repeats_own_items_is_not_told_as_a_win(screen: Screen) -> None:
    """Its hit rate is far above that of the most popular items, and exactly that of own items again."""
    shop = compared()
    assert shop.anything is not None
    assert shop.anything.simple[MOST_POPULAR].difference_95[0] > 0.3
    lines = screen.after(result(shop))
    assert " ".join(lines[-4:]).startswith(
        "Any item: the model is not shown to be better than own items again; better than most popular items and own "
        "categories. New items: the model is worse than own categories;"
    ), lines


def test_the_table_and_the_verdict_are_the_last_lines_all_lists_in_the_table(screen: Screen) -> None:
    lines = screen.after(result(compared()))
    (title,) = (number for number, line in enumerate(lines) if line.startswith("Did the list hold what Items4U's"))
    table = {line[:21].strip(): line[21:].split() for line in lines[title + 2 : title + 6]}
    assert list(table) == ["the model", MOST_POPULAR, OWN_ITEMS, OWN_CATEGORIES]
    assert table["the model"] == ["50.0%", "0.0%"]
    assert table[OWN_ITEMS] == ["50.0%", "+0.0", "to", "+0.0"]
    assert table[MOST_POPULAR][0] == "0.0%"
    assert (table[OWN_CATEGORIES][0], table[OWN_CATEGORIES][4]) == ("25.0%", "50.0%")
    assert lines[-1].endswith(".")


def test_own_batches_come_last_and_without_categories_it_is_said_that_the_list_is_left_out(screen: Screen) -> None:
    account = UserAccount(records=400, customers=120, interactions=900, skipped={}, unreadable=0)
    lines = screen.after(result(compared(), compared(SimpleLists(tuple(CATEGORIES))), account))
    (title,) = (number for number, line in enumerate(lines) if line.startswith("Did the list hold what your own"))
    assert not any(line.startswith(OWN_CATEGORIES) for line in lines[title:])
    assert any(line.startswith("No list by category") for line in lines[title:])
    assert lines[-3].startswith("Any item: the model is not shown to be better than own items again;")
    assert lines[-1] == "New items: the model is not shown to be better than most popular items."


def test_an_account_that_does_not_balance_is_told_last(screen: Screen) -> None:
    right = result(compared())
    wrong = replace(right, audit=replace(right.audit, unexpected={Row("7", "hat", "purchase", 1, "11", 0)}))
    assert screen.after(wrong)[-1] == "The reconciliation failed."
    assert screen.after(replace(right, settled=False))[-2].startswith("Something was still under way")


def test_too_few_purchases_are_told_as_too_few(screen: Screen) -> None:
    assert "Only 12 purchases of Items4U's customers" in screen.after(result(compared(customers=12)))[-2]
    lines = screen.after(result(compared(customers=40)))
    assert lines[-1] == "New items: only 20 purchases: too few to tell anything."
    assert not any("new items" in line for line in lines[:-1]), "no column for them"


def test_the_json_object_has_the_keys_of_before_and_every_list_with_the_verdict() -> None:
    shown = summary(result(compared()))
    assert {"hit_rate", "hit_rate_popularity", "hit_rate_difference_95", "purchases_judged"} < set(shown)
    assert (shown["hit_rate"], shown["hit_rate_popularity"], shown["purchases_judged"]) == (0.5, 0.0, 120)
    anything, new = shown["comparison"]["any_item"], shown["comparison"]["new_items"]
    assert anything["verdict"].startswith("not shown to be better than own items again; better than")
    assert {name: one["hit_rate"] for name, one in anything["simple_lists"].items()} == {
        MOST_POPULAR: 0.0,
        OWN_ITEMS: 0.5,
        OWN_CATEGORIES: 0.25,
    }
    assert anything["simple_lists"][OWN_ITEMS]["model_minus_list_joint_95"] == [0, 0]
    assert new["verdict"].startswith("worse than own categories")
    assert summary(result(NONE))["comparison"] == {"any_item": None, "new_items": None}
