"""Training and recommendations of a shop with a million items, over HTTP.

    python -m bench.serving.large [--items 1000000] [--users 1000000] [--interactions 10000000] [--rate 20]

The history is imported from a CSV file, and a training follows, then recommendations without other load. The limits are
those of a million items. A latency counts from the time at which a request was due.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from bench.open_loop import drive
from bench.serving.figures import Figures
from bench.serving.load import Load
from bench.serving.requests import recommendations
from bench.serving.services import personalize
from bench.serving.shop import ServedShop, csv_bytes
from bench.training import shop
from local_stack.process import PROJECT_ROOT

NAME, TRAINING, MEMORY, LATENCY = "now", 15 * 60, 8 * 1024, 25  # seconds, MiB, milliseconds


def run(options: argparse.Namespace, folder: Path) -> Figures:
    """Write the history below a folder, start the service on it, and measure."""
    figures = Figures(NAME)
    columns = shop(1, sizes=(options.items, options.users, options.interactions))
    (folder / "shop").mkdir()
    (folder / "shop" / "all.csv").write_bytes(csv_bytes(columns))
    with personalize(NAME, PROJECT_ROOT, ["--s3-folder", str(folder)]) as service:
        served = ServedShop(service, figures, "s3://shop/all.csv")
        make = recommendations(service.url, served.campaign, columns.user_ids)
        drive(service.url, make, rate=10, seconds=5)  # the model is read at the first request
        Load(figures, columns).alone(served, make, options.rate, options.seconds)
    return figures


def main() -> int:
    """Measure and print; return 1 if a figure is above its limit."""
    parser = argparse.ArgumentParser(prog="python -m bench.serving.large", description=__doc__)
    for name, size in (("items", 1_000_000), ("users", 1_000_000), ("interactions", 10_000_000)):
        parser.add_argument(f"--{name}", type=int, default=size)
    parser.add_argument("--rate", type=float, default=20.0, help="of recommendations, per second (20)")
    parser.add_argument("--seconds", type=float, default=100.0, help="of recommendations (100)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        figures = run(options, Path(name))
    asked = f"GetRecommendations at {options.rate:g}/s"
    limits = {"training": TRAINING, "training, memory at its peak": MEMORY, f"{asked}, p99": LATENCY}
    for figure, most in {**limits, f"{asked}, refused": 0}.items():
        figures.limit(figure, most)
    Console(width=160).print(figures.table())
    return 1 if figures.missed() else 0


if __name__ == "__main__":
    sys.exit(main())
