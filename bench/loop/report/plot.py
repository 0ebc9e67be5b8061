"""The plot of the page: events per second by the services' latency, one panel per workload."""

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from bench.loop.comparison import of
from bench.loop.report.loop_tables import rate
from bench.loop.report.results import Results
from evaluation.report.style import COLOURS, STYLE, svg


def draw(results: Results) -> str:
    """Return an SVG: the medians, with the least and the greatest rate of the rounds."""
    with rc_context(STYLE):
        figure = Figure(figsize=(9.0, 5.6), layout="constrained")
        FigureCanvasSVG(figure)
        panels = figure.subplots(2, (len(results.workloads) + 1) // 2, sharex=True, sharey=True, squeeze=False)
        for axes, workload in zip(panels.flat, results.workloads, strict=False):
            _panel(axes, results, workload)
        for axes in panels[-1]:
            axes.set_xlabel("latency of every service, ms")
        for axes in panels[:, 0]:
            axes.set_ylabel("events per second")
        handles, labels = panels.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
        return svg(figure)


def _panel(axes: Axes, results: Results, workload: str) -> None:
    for colour, (name, title) in zip(COLOURS, results.titles.items(), strict=False):
        spreads = [
            rate(results, of(results.trials, rival=name, workload=workload, latency=latency))
            for latency in results.latencies
        ]
        places, lows, highs = range(len(spreads)), [each.low for each in spreads], [each.high for each in spreads]
        axes.plot(places, [each.median for each in spreads], color=colour, marker="o", markersize=4, label=title)
        axes.fill_between(places, lows, highs, color=colour, alpha=0.15, linewidth=0)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xticks(range(len(results.latencies)), [f"{1000 * latency:g}" for latency in results.latencies])
    axes.set_title(workload, loc="left", fontsize=10)
    axes.grid(axis="y", color="#e4e6ea", linewidth=0.8)
