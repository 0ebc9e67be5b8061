"""What a report says in words, and its plots: every name whole and harmless, every interval within what is possible."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from evaluation.data import log as logs
from evaluation.recommenders.candidates import Candidate
from evaluation.report.text import difference, headline, with_half
from evaluation.scoring.beyond_accuracy import BeyondAccuracy
from evaluation.scoring.leaderboard import Leaderboard, Result
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import Scores
from evaluation.scoring.slices import Slice
from evaluation.scoring.uncertainty import compare, mean
from evaluation.splits import HoldOut, split
from evaluation.task import ALL_ITEMS, task
from tests.evaluation import made_up

# matplotlib takes a second to load, so only the tests that draw load it: whoever collects them does not.

RANDOM = np.random.default_rng(4)
COUNTED = RANDOM.random(141)


def row(name: str, values: np.ndarray, counted: np.ndarray | None) -> Result:
    against = None if counted is None else compare(values, counted, 1)
    scores = Scores(np.arange(len(values)), {Metric("ndcg", 10): values})
    entry = Candidate(name, "", {}, baseline=counted is None)
    return Result(entry, scores, {Metric("ndcg", 10): mean(values)}, BeyondAccuracy(0, 0, 0, 0, 0, 0), {}, against)


def leaderboard_of(
    *learned: np.ndarray, counted: np.ndarray = COUNTED, names: Sequence[str] = "abcdefgh"
) -> Leaderboard:
    """Return a leaderboard of ``counting`` and of what was learned."""
    rows = [row("counting", counted, None)]
    rows += [row(name, values, counted) for name, values in zip(names, learned, strict=False)]
    return Leaderboard(ALL_ITEMS, rows, (10,), (), Metric("ndcg", 10), np.arange(len(counted)), "counting")


def test_where_counting_comes_first_the_headline_claims_no_more_than_the_table() -> None:
    shuffled = np.random.default_rng(1).permutation(COUNTED) - 0.01
    leaderboard = leaderboard_of(shuffled)
    assert leaderboard.rows[1].against_best.verdict == "inconclusive"  # type: ignore[union-attr]
    assert headline(leaderboard).endswith("Nothing here is shown to be better than the baselines.")


def test_one_user_has_no_interval_in_any_sentence() -> None:
    interval = mean(np.array([0.25]))
    assert (with_half(interval), difference(interval)) == ("0.2500, one user", "+0.250 (of one user)")
    assert with_half(mean(np.array([0.2, 0.3] * 20))) == "0.2500 ±0.0162"
    assert "inf" not in headline(leaderboard_of(np.ones(1), counted=np.zeros(1)))


LONG = "personalize_user_personalization_v2_2024_experiment"
NASTY = "<script>alert('$x_{')</script>"


def sliced(leaderboard: Leaderboard, names: list[str]) -> list[Slice]:
    """Return two slices; nobody has a value in the first but the last name."""
    values = dict.fromkeys(names, leaderboard.rows[0].intervals[Metric("ndcg", 10)])
    return [Slice("segment", "$x_{$", 3, {names[-1]: values[names[-1]]}), Slice("segment", NASTY, 41, values)]


def texts_of(plot: str) -> list[str]:
    return [str(text.text) for text in ElementTree.fromstring(plot).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314


def test_names_that_look_like_formulas_or_markup_stand_in_a_plot_as_they_are() -> None:
    from evaluation.report import plots
    from evaluation.report.style import svg

    leaderboard = leaderboard_of(COUNTED + 0.1, names=[NASTY])
    of_slices = svg(plots.slices(leaderboard, sliced(leaderboard, [NASTY]), [NASTY]))
    for plot in (svg(plots.models(leaderboard)), of_slices):
        assert "<script" not in plot
        assert "alert('$x_{')" in "".join(texts_of(plot))
    assert "segment: $x_{$ (3)" in texts_of(of_slices)


@pytest.mark.parametrize("name", ["ease", LONG, "no end " * 40], ids=["short", "long", "endless"])
def test_a_long_name_leaves_the_plot_its_room_and_no_text_is_cut_off(name: str) -> None:
    from matplotlib import rc_context

    from evaluation.report import plots
    from evaluation.report.style import STYLE

    names = [name, *(f"{name}{number}" for number in range(6))]
    leaderboard = leaderboard_of(*[COUNTED] * 7, names=names)
    of_slices = plots.slices(leaderboard, sliced(leaderboard, names), names)
    for figure in (plots.models(leaderboard), of_slices):
        with rc_context(STYLE):
            figure.draw_without_rendering()
            needed = figure.get_tightbbox()
        width, height = figure.get_size_inches()
        assert needed.x0 > -0.02 and needed.x1 < width + 0.02, needed  # noqa: PT018 - inches
        assert needed.y0 > -0.02 and needed.y1 < height + 0.02, needed  # noqa: PT018
        assert figure.axes[0].get_position().width > 0.5
    (legend,) = of_slices.legends
    assert len(legend.get_texts()) == 7
    assert all(legend_handle.get_marker() == "o" for legend_handle in legend.legend_handles)  # type: ignore[union-attr]
    assert not legend.get_window_extent().overlaps(of_slices.axes[0].get_window_extent())


def test_the_interval_of_a_share_ends_at_nothing_and_at_all() -> None:
    from evaluation.report import plots

    (axes,) = plots.models(leaderboard_of(np.array([1.0, 1.0, 0.9]), counted=np.array([0.1, 0.0, 0.0]))).axes
    ends = [tuple(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2]
    assert (min(ends)[0], max(ends)[1]) == (0, 1)
    assert axes.get_xlim()[1] <= 1.02


def test_the_numbers_on_logarithmic_axes_are_written_out(tmp_path: Path) -> None:
    from evaluation.report import plots
    from evaluation.report.style import svg

    log = logs.read(made_up.write(tmp_path / "i.csv"))
    test = task(log, split(log, HoldOut("last-basket")), None, 1)
    for figure in (plots.items(test), plots.histories(test)):
        texts = texts_of(svg(figure))
        numbers = [text for text in texts if text[0].isdigit() and " " not in text]
        assert len(numbers) > 4
        assert all(text.replace(",", "").isdigit() for text in numbers), numbers
        assert not any("$" in text or "^" in text for text in texts)
