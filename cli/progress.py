"""What people see while a command works: a bar on stderr in a terminal, a line for each change elsewhere."""

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from lifecycle import resource_types
from lifecycle.resources import DONE

JOB_CONTINUES = "Stopped waiting; the {what} continues in Personalize. {status}Run the same command again to resume."
IN_STATUS = "./broker status shows it. "
NOT_IN_STATUS = tuple(
    resource_type.words
    for resource_type in (
        resource_types.BATCH_JOB,
        resource_types.DELETION_JOB,
        resource_types.EXPORT_JOB,
        resource_types.FILTER,
    )
)
NO_JOB_RUNNING = "Stopped. Run the same command again to resume."
STOPPED = 130  # of a command that Ctrl-C ended


def bar(console: Console) -> Progress | None:
    """Return a bar that leaves nothing behind, for a terminal; None elsewhere, where lines tell."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24), TimeElapsedColumn()
    return Progress(*columns, console=console, transient=True) if console.is_terminal else None


class _BarOnScreen:
    """Shows its bar, if it has one, while it is entered."""

    _live: Progress | None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()


class WaitDisplay(_BarOnScreen):
    """Shows states of resources and bytes of files. ``with`` it around all that waits.

    Ctrl-C inside it is answered in a line, and ends the program.
    """

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._live = bar(self._console)
        self._task: TaskID | None = None
        self._shown = ""
        self._began = time.monotonic()
        self._pending = ""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if kind is KeyboardInterrupt:
            self._console.print(escape(self._stopped()), soft_wrap=True)
            raise SystemExit(STOPPED) from None

    def _stopped(self) -> str:
        if not self._pending:
            return NO_JOB_RUNNING
        status = "" if self._pending in NOT_IN_STATUS else IN_STATUS
        return JOB_CONTINUES.format(what=self._pending, status=status)

    def show(self, label: str, state: Mapping[str, Any]) -> None:
        """Take a resource's newest state."""
        status = state.get("status", "ACTIVE")
        name = state.get("name") or state.get("jobName") or ""
        self._pending = "" if status in DONE else label
        self._line(f"{label} {name}".strip(), status, total=None)

    def tell(self, label: str, status: str) -> None:
        """Show how far a step is that ends with the command."""
        self._pending = ""
        self._line(label, status, total=None)

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self._console.print(escape(text), soft_wrap=True)

    def bytes(self, label: str, total: int) -> Callable[[int], None]:
        """Return what takes the bytes done so far, of a step that handles ``total`` of them."""
        self._pending = ""
        if not self._live:
            self.say(f"{self._seconds()}  {label}")
            return lambda done: None
        live, task = self._live, self._new_task(self._live, label, total)
        live.columns = (*live.columns[:3], DownloadColumn(), TimeElapsedColumn())
        return lambda done: live.update(task, completed=done)

    def growing(self, label: str, total: int) -> Callable[[int], None]:
        """Return the same for a step that tells how many bytes came on top."""
        moved, done = self.bytes(label, total), 0

        def add(number: int) -> None:
            nonlocal done
            done += number
            moved(done)

        return add

    def _line(self, label: str, status: str, total: int | None) -> None:
        text = f"{label}: {status}"
        if text == self._shown:
            return
        new, self._shown = not self._shown.startswith(f"{label}: "), text
        if not self._live:
            self.say(f"{self._seconds()}  {text}")
        elif new or self._task is None:
            self._live.columns = (*self._live.columns[:3], TimeElapsedColumn())
            self._new_task(self._live, text, total)
        else:
            self._live.update(self._task, description=escape(text))

    def _new_task(self, live: Progress, label: str, total: int | None) -> TaskID:
        if self._task is not None:
            live.remove_task(self._task)
        self._task = live.add_task(escape(label), total=total)
        return self._task

    def _seconds(self) -> str:
        return f"{time.monotonic() - self._began:6.1f} s"


class Steps(_BarOnScreen):
    """``with`` it around all that takes long; a step begins when the one before has ended."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, highlight=False, quiet=quiet)
        self._live = None if quiet else bar(self._console)
        self._began = time.monotonic()

    def begin(self, label: str, total: int | None = None) -> Callable[[int], None]:
        """Show a step; return what takes how many of ``total`` came on top."""
        if self._live is None:
            self._console.print(f"{time.monotonic() - self._began:6.1f} s  {escape(label)}", soft_wrap=True)
            return lambda more: None
        live = self._live
        for task in live.task_ids:
            live.remove_task(task)
        task = live.add_task(escape(label), total=total)
        return lambda more: live.advance(task, more)
