"""Both leaderboards in one plot: fed with states and fed with changes."""

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from evaluation.feeds.compare import STATES, Feeds, fed
from evaluation.report.style import BLUE, ORANGE, STYLE, figure_bytes
from evaluation.scoring.leaderboard import Leaderboard


def draw(feeds: Feeds, form: str) -> bytes:
    """Return both leaderboards side by side, states and changes in each; ``form``: ``svg`` or ``png``."""
    titles = {"As the recommender gives them": feeds.as_given, "Without what the customer has": feeds.without_owned}
    recommenders = list(dict.fromkeys(fed(row).recommender for row in feeds.as_given.rows))[::-1]
    with rc_context(STYLE):
        figure = Figure(figsize=(10.0, 1.2 + 0.42 * len(recommenders)), layout="constrained")
        FigureCanvasAgg(figure)
        sides = figure.subplots(1, 2, sharey=True, sharex=True)
        for axes, (title, side_leaderboard) in zip(sides, titles.items(), strict=True):
            _rows(axes, side_leaderboard, recommenders)
            axes.set_yticks(range(len(recommenders)), recommenders)
            axes.set_title(title, loc="left", fontsize=11)
            axes.set_xlabel(f"{side_leaderboard.main}, {len(side_leaderboard.users):,} customers, 95 % intervals")
        sides[0].set_xlim(left=-0.02)
        sides[1].legend(frameon=False, loc="upper left")
        return figure_bytes(figure, form)


def _rows(axes: Axes, leaderboard: Leaderboard, recommenders: list[str]) -> None:
    labelled: set[str] = set()
    for row in leaderboard.rows:
        feed = fed(row).feed
        at = recommenders.index(fed(row).recommender) + (0.15 if feed == STATES else -0.15)
        value, colour = row.intervals[leaderboard.main], ORANGE if feed == STATES else BLUE
        axes.plot([value.low, value.high], [at, at], color=colour, linewidth=2)
        label = None if feed in labelled else f"fed {feed}"
        # Smaller than most intervals are wide.
        axes.plot([value.mean], [at], marker="o", markersize=4, color=colour, linestyle="none", label=label)
        labelled.add(feed)
