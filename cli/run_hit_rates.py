"""How `./broker run` shows hit rates: the model's beside those of the simple lists, and a verdict in words."""

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from local_stack.list_quality import MODEL, TOP, Comparisons, HitRates
from local_stack.simple_lists import OWN_CATEGORIES


def print_hit_rates(console: Console, whose: str, compared: Comparisons) -> None:
    """Print the table and, last, the verdict; nothing where nothing was bought, no table where it was too little."""
    anything, new = compared.anything, compared.new_items
    if anything is None:
        return
    if not anything.is_enough:
        console.print(
            f"\nOnly {anything.purchases} purchases of {whose} to judge the lists by: too few to tell anything."
        )
        return
    console.print(_table(whose, anything, new if new and new.is_enough else None))
    for note in _notes(anything, new):
        console.print(escape(note), style="dim")
    _print_verdict(console, "Any item", anything)
    if new:
        _print_verdict(console, "New items", new)


def _table(whose: str, anything: HitRates, new: HitRates | None) -> Table:
    title = f"\nDid the list hold what {whose} took next?"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    table.add_column("list before the visit")
    for name, rates in (("any item", anything), ("new items", new)):
        if rates:
            table.add_column(name, justify="right")
            table.add_column("model minus it", justify="right")
    table.add_row(MODEL, *_cells(MODEL, anything), *_cells(MODEL, new), style="bold")
    for name in anything.simple:
        table.add_row(name, *_cells(name, anything), *_cells(name, new))
    return table


def _cells(name: str, rates: HitRates | None) -> tuple[str, ...]:
    if rates is None:
        return ()
    if name == MODEL:
        return f"{rates.hit_rate:.1%}", ""
    if name not in rates.simple:
        return "", ""
    low, high = (100 * bound for bound in rates.simple[name].joint_95)
    return f"{rates.simple[name].hit_rate:.1%}", f"{low:+.1f} to {high:+.1f}"


def _notes(anything: HitRates, new: HitRates | None) -> Iterator[str]:
    if OWN_CATEGORIES not in anything.simple:
        yield "No list by category: the events name no product's category."
    yield f"Any item: the ten on the profile, {anything.purchases} purchases."
    if new and new.is_enough:
        places = "ten" if new.places == TOP else f"{new.places:.1f}"
        yield f"New items: the model's first {places} without own items, {new.purchases} purchases."
    yield "Minus: in points; all intervals of a column hold together at 95 %."


def _print_verdict(console: Console, what: str, rates: HitRates) -> None:
    wins = rates.is_enough and len(rates.better_than) == len(rates.simple)
    style = "bold green" if wins else "bold yellow"
    subject = f"{MODEL} is " if rates.is_enough else ""
    console.print(f"{what}: {subject}{escape(rates.verdict())}.", style=style)
