"""Progress of an evaluation: a bar on stderr in a terminal, a line for each step elsewhere."""

import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.markup import escape

from cli.progress import bar


class Steps:
    """``with`` it around all that takes long; a step begins when the one before has ended."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, highlight=False, quiet=quiet)
        self._live = None if quiet else bar(self._console)
        self._began = time.monotonic()

    def __enter__(self) -> "Steps":
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def begin(self, what: str, total: int | None = None) -> Callable[[int], None]:
        """Show a step; return what takes how many of ``total`` came on top."""
        if self._live is None:
            self._console.print(f"{time.monotonic() - self._began:6.1f} s  {escape(what)}", soft_wrap=True)
            return lambda more: None
        live = self._live
        for task in live.task_ids:
            live.remove_task(task)
        task = live.add_task(escape(what), total=total)
        return lambda more: live.advance(task, more)
