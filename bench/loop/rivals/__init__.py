"""The ways to write the loop."""
