"""The start of a conversion: where it was stopped, it goes on; where rows of another one are, it is refused.

All in the folder of rows is imported. So it may not have the parts of two conversions.
"""

import hashlib
import json
from collections.abc import Sequence

from history_jobs.part_files import Storage
from history_jobs.request import ROWS
from personalize_data.errors import BadFile
from personalize_data.exports.part import Part
from personalize_data.exports.work_folder import OF_ANOTHER, STATE
from personalize_data.plan import Plan


def identity(plan: Plan, parts: Sequence[Part]) -> str:
    """Return what changes with the content of the files, with how they are converted, and where they are split."""
    bounds = json.dumps([part.as_json() for part in parts])
    return f"{plan.identity_in_order()}-{hashlib.sha256(bounds.encode()).hexdigest()[:10]}"


def started(storage: Storage, identity: str, now: float) -> float:
    """Return when the conversion of this identity began (epoch seconds): now, or earlier if it was stopped.

    Raises BadFile where the place has rows of another one.
    """
    known = json.loads(storage.read(STATE)) if storage.has(STATE) else {}
    if known.get("identity") == identity:
        return float(known["now"])
    if storage.has_any(ROWS):
        raise BadFile(storage.place, OF_ANOTHER)
    storage.write(STATE, json.dumps({"identity": identity, "now": now}).encode())
    return now
