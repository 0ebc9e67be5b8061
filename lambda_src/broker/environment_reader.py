"""Environment variables, read one at a time, and one error for all that are missing or wrong."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, overload

T = TypeVar("T")
Default = TypeVar("Default")
_REQUIRED: Any = object()


class SettingsError(Exception):
    """Environment variables of a function are missing or wrong; ``problems`` says what is wrong with each of them."""

    def __init__(self, function: str, problems: Sequence[str]) -> None:
        super().__init__(f"settings of {function}: " + "; ".join(problems))
        self.problems = list(problems)


class EnvironmentReader:
    """Reads one variable at a time; ``check`` raises one error for all that were missing or wrong."""

    def __init__(self, environ: Mapping[str, str] | None) -> None:
        self._environ = os.environ if environ is None else environ
        self._problems: list[str] = []

    @overload
    def __call__(self, name: str, parse: Callable[[str], T]) -> T: ...

    @overload
    def __call__(self, name: str, parse: Callable[[str], T], default: Default) -> T | Default: ...

    def __call__(self, name: str, parse: Callable[[str], Any], default: Any = _REQUIRED) -> Any:
        text = self._environ.get(name, "").strip()
        if not text:
            if default is _REQUIRED:
                self._problems.append(f"{name} is missing")
            return default
        try:
            return parse(text)
        except ValueError as error:
            self._problems.append(f"{name} {error}")
            return default

    def note(self, problem: str) -> None:
        """Note what is wrong with settings that are right one by one."""
        self._problems.append(problem)

    def together(self, *names: str) -> None:
        """Note which variables are missing of those that go together; all of them may be."""
        missing = [name for name in names if not self._environ.get(name, "").strip()]
        if len(missing) < len(names):
            self._problems += [f"{name} is missing" for name in missing]

    def check(self, function: str) -> None:
        """Raise SettingsError if anything was missing or wrong."""
        if self._problems:
            raise SettingsError(function, list(dict.fromkeys(self._problems)))
