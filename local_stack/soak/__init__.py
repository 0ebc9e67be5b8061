"""A soak test of the loop: a steady load and random faults for hours, with lag, memory and reconciliation."""
