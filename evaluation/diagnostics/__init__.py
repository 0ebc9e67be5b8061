"""Checks of the data and of the lists that are compared."""
