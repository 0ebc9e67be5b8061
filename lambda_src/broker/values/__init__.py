"""What ids, times and amounts mean: one rule each, for every door that data comes in by.

The stream, ``backfill``, ``prepare``, ``evaluate`` and ``features`` share them. Only the standard library, since these
rules ship with the functions. A table may decide more than one value can: there each module says what a column needs.
"""
