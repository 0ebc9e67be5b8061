"""Deployments onto ministack: marked ``deploy``, and left out with a reason where ministack is not installed."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line(
        "markers", "deploy: on ministack, a whole AWS account as a process (leave out: -m 'not deploy')"
    )
