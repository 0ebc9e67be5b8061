"""What runs for the pictures, and which pictures come of it. A new picture is a scene here, or a file of one."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from docs_site.pictures.browser import screenshot
from docs_site.pictures.terminal import COLUMNS, svg, without
from docs_site.pictures.visit import visit

ROOT = Path(__file__).resolve().parents[2]
BANK = ROOT / "examples/bank/is_it_worth_it.sh"
LISTS = "Did the list hold"
# Colours, but nothing that moves: https://rich.readthedocs.io/en/latest/console.html#environment-variables
TERMINAL = {"FORCE_COLOR": "1", "TTY_INTERACTIVE": "0", "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}


@dataclass(frozen=True)
class Scene:
    """Files, and what writes them into a folder: all, or those before a NoBrowser."""

    files: tuple[str, ...]
    draw: Callable[[Path], None]


def run(folder: Path) -> None:
    """The whole loop on this machine. Raises ValueError if it was too busy to compare the lists."""
    output = subprocess.run(  # noqa: S603 - our own command
        [ROOT / "broker", "run"], env=os.environ | TERMINAL, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    if LISTS not in output:
        raise ValueError("too little was bought to compare the lists: try again when the machine does nothing else")
    shown = without(output.lstrip(), "One profile", LISTS)
    (folder / "run.svg").write_text(svg(shown, "make run"), "utf-8")


def bank(folder: Path) -> None:
    """The evaluation of a synthetic bank: which attributes count, and the report."""
    with _worth() as worth:
        subprocess.run([BANK], stdout=subprocess.DEVNULL, check=True)  # noqa: S603 - our own example
        shutil.copy(worth / "features.svg", folder)
        (folder / "report.png").write_bytes(screenshot((worth / "report.html").as_uri(), width=1000, height=1520))


def shop(folder: Path) -> None:
    """A visit to the shop, whose list turns to lamps. Raises ValueError if the shop or that list does not come."""
    command = [str(ROOT / "broker"), "shop", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        try:
            visit(shop_address(process.stdout or ()), folder)
        finally:
            process.send_signal(signal.SIGINT)


def shop_address(lines: Iterable[str]) -> str:
    """Return where the shop is, by what it prints. Raises ValueError if it ends without that."""
    for line in lines:
        word, _, address = line.partition(" ")
        if word == "shop":
            return address.strip().rstrip("/")
    raise ValueError("the shop did not open")


@contextmanager
def _worth() -> Iterator[Path]:
    """Yield the folder that the example writes, and remove it. Raises FileExistsError: it would be somebody's."""
    worth = ROOT / "worth"
    if worth.exists():
        raise FileExistsError(f"{worth.name}/ is there: remove it, or give it another name")
    try:
        yield worth
    finally:
        shutil.rmtree(worth, ignore_errors=True)


SCENES = {
    "run": Scene(("run.svg",), run),
    "shop": Scene(("shop.webp", "shop.png", "panel.png"), shop),
    "bank": Scene(("features.svg", "report.png"), bank),
}
