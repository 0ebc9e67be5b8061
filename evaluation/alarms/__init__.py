"""Checks that would have caught known faults of published comparisons: each says nothing, or one sentence."""
