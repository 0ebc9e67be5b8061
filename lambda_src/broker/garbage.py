"""How often Python looks for objects that only refer to each other: seldom, since an invocation leaves hardly any.

An invocation makes thousands of objects and frees nearly all of them without that. To look through them again and
again took a tenth of the time for reading records.
"""

import gc

NEW_OBJECTS = 50_000  # before Python looks for garbage; its own default is 700


def collect_rarely() -> None:
    """Leave out what is loaded by now, for good, and look through the rest less often."""
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)
