"""Real data of others as mParticle batches, each with the interactions that its source's own rows amount to.

The converters import nothing of the product: the broker is compared with them, so they must not share its errors.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def data_folder() -> Path:
    """Return where the public data is: ``BROKER_TEST_DATA``, relative to the repository, or ``../shared/data``."""
    return ROOT / os.environ.get("BROKER_TEST_DATA", "../shared/data")
