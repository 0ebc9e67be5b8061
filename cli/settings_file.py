"""One setting in ``cdk.json``, or in a stack's file of settings, changed so that all else stays letter by letter."""

import itertools
import json
import re
from dataclasses import dataclass
from pathlib import Path

from infra.settings import PREFIX


class NotChanged(ValueError):
    """A file in which a setting can't be changed; the message is one line."""


@dataclass(frozen=True)
class SettingsFile:
    """``cdk.json``, or a file with an option of cdk per line (examples/README.md)."""

    path: Path

    @property
    def is_json(self) -> bool:
        """Return whether it is ``cdk.json``."""
        return self.path.suffix == ".json"

    def context(self) -> tuple[str, ...]:
        """Return what a file of settings sets, as KEY=VALUE; nothing for ``cdk.json``. Raises OSError."""
        words = [] if self.is_json else self.path.read_text("utf-8").split()
        return tuple(value for option, value in itertools.pairwise(words) if option in ("-c", "--context"))

    def changed(self, key: str, value: bool) -> str:
        """Return the content with a setting at a value. Raises NotChanged, OSError."""
        text = self.path.read_text("utf-8")
        new = _in_json(text, PREFIX + key, json.dumps(value)) if self.is_json else _in_options(text, key, value)
        if new is None:
            raise NotChanged(f"{self.path}: {PREFIX}{key} can't be set here: write it yourself")
        return new

    def write(self, text: str) -> None:
        """Write a content. Raises OSError."""
        self.path.write_text(text, "utf-8")


def _in_json(text: str, key: str, value: str) -> str | None:
    """Return JSON with a member of ``context`` at a value; None where something else would change, too."""
    name = re.escape(json.dumps(key))
    new, found = re.subn(rf'({name}\s*:\s*)("[^"\n]*"|[^,}}\s]+)', rf"\g<1>{value}", text)
    if not found:
        new, found = re.subn(r'("context"\s*:\s*\{)(\s*)', rf'\g<1>\g<2>"{key}": {value},\g<2>', text, count=1)
    wanted = json.loads(text)
    wanted.setdefault("context", {})[key] = json.loads(value)
    return new if found and json.loads(new) == wanted else None


def _in_options(text: str, key: str, value: bool) -> str:
    option = f"-c {PREFIX}{key}={json.dumps(value)}"
    new, found = re.subn(rf"-c {PREFIX}{key}=\S*", option, text)
    if found:
        return new
    return f"{text}{'' if text.endswith(chr(10)) or not text else chr(10)}{option}\n"
