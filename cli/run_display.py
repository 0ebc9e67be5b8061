"""How `./broker run` shows itself: live in a terminal, plain lines elsewhere, and a table at the end."""

import json
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from cli.console import LOG
from cli.run_hit_rates import print_hit_rates
from local_stack.audit.lag import percentile
from local_stack.list_quality import Comparisons
from local_stack.loop_result import LoopResult
from local_stack.user_batches import UserAccount

STAGES = ("starting", "collecting", "training", "recommending", "checking")
PLAIN_EVERY = 2.0


class Display:
    """The stages as they happen. ``show`` is called many times a second; without a terminal it prints now and then."""

    def __init__(self, *, to_stderr: bool, stages: Sequence[str] = STAGES) -> None:
        self._stages = stages
        self._console = Console(stderr=to_stderr, highlight=False)
        self._live = Live(console=self._console, transient=True) if self._console.is_terminal else None
        self._began = time.monotonic()
        self._stage = ""
        self._printed = 0.0
        self._counters: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> "Display":
        if self._live:
            self._live.start()
        self.show("starting", {})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def show(self, stage: str, counters: dict[str, Any]) -> None:
        """Take the newest counters of a stage."""
        self._counters[stage] = counters
        if self._live:
            self._live.update(self._table(stage))
        elif stage != self._stage or time.monotonic() - self._printed >= PLAIN_EVERY:
            self._printed = time.monotonic()
            self._console.print(f"{self._seconds():>5} s  {stage:<12}  {_text(counters)}", soft_wrap=True)
        self._stage = stage

    def _seconds(self) -> str:
        return f"{time.monotonic() - self._began:.1f}"

    def _table(self, current: str) -> Table:
        table = Table.grid(padding=(0, 2))
        for stage in self._stages:
            mark = "▶" if stage == current else "✓" if stage in self._counters else " "
            style = "bold cyan" if stage == current else "green" if stage in self._counters else "dim"
            table.add_row(mark, stage, escape(_text(self._counters.get(stage, {}))), style=style)
        table.add_row("", f"{self._seconds()} s", "")
        return table


def report(result: LoopResult, next_commands: Sequence[str]) -> None:
    """Print what it came to: the account of all interactions, the lag, one profile, what to try next, the hit rates.

    The hit rates are last, so that the verdict on the lists is what stays on a small screen; only a fault comes later.
    """
    console = Console(highlight=False)
    console.print(_account(result))
    console.print(_verdict(result))
    if result.profile:
        console.print("\n[bold]One profile, as the Profile API returns it[/bold]")
        console.print_json(json.dumps(result.profile))
    console.print("\n[bold]Try next[/bold]")
    for command in next_commands:
        console.print(f"  {command}")
    print_hit_rates(console, "Items4U's customers", result.shop)
    if result.user_account:
        _print_own(console, result.user_account, result.own)
    if not (result.settled and result.audit.holds):
        console.print(f"\n{_verdict(result)}")


def _account(result: LoopResult) -> Table:
    table = Table(title="\nWhere every interaction is", title_justify="left", title_style="bold", show_header=False)
    table.add_column("what")
    table.add_column("how many", justify="right")
    account = result.audit
    rows: list[tuple[str, int | str]] = [
        ("interactions put on the stream", account.entries),
        ("in Personalize", account.count("in_personalize")),
        (f"skipped: {_reasons(result.skipped)}", account.count("skipped")),
        (f"in quarantine: {_reasons(result.quarantined)}", account.count("quarantined")),
        ("in the on-failure bucket", account.count("on_failure")),
        ("still on the stream", account.count("on_stream")),
        ("lost", account.count("lost")),
        ("in Personalize, but never on the stream", len(account.unexpected)),
        ("in Personalize under two ids", len(account.duplicated)),
        ("customers whose profile carries a list", result.profiles),
        ("refreshes postponed, over the daily cap", f"{result.postponed:,}, {result.over_daily_cap:,}"),
        ("event to Personalize, p50 / p99", " / ".join(_lag(result, share) for share in (0.5, 0.99))),
    ]
    for name, number in rows:
        table.add_row(name, f"{number:,}" if isinstance(number, int) else number)
    return table


def _lag(result: LoopResult, share: float) -> str:
    lag = percentile(result.lag_ms.values(), share)
    return "–" if lag is None else f"{lag / 1000:.2f} s"  # noqa: RUF001


def _verdict(result: LoopResult) -> str:
    if not result.settled:
        return f"[bold red]Something was still under way after the time for it: see {LOG}[/bold red]"
    if result.audit.holds:
        return (
            "[green]Nothing lost, unexpected or duplicated: reconciled on sets of ids, independently of the "
            "broker.[/green]"
        )
    return "[bold red]The reconciliation failed.[/bold red]"


def _print_own(console: Console, user_account: UserAccount, compared: Comparisons) -> None:
    console.print(
        f"\n[bold]Your own batches[/bold]\n{user_account.records} records put on the stream: "
        f"{user_account.interactions} interactions of "
        f"{user_account.customers} customers; skipped: {_reasons(user_account.skipped)}; unreadable: "
        f"{user_account.unreadable}"
    )
    if compared.anything is None:
        console.print("No customer has three batches or more, so there is no list to judge by what came next.")
    print_hit_rates(console, "your own customers", compared)


def _reasons(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {reason}" for reason, number in sorted(counts.items())) or "none"


def _text(counters: dict[str, Any]) -> str:
    return "   ".join(
        f"{name} {number:,}" if isinstance(number, int) else f"{name} {number}" for name, number in counters.items()
    )
