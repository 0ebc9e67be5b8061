"""The loop for hours: a steady load, random faults, and what they do to lag, memory and reconciliation."""
