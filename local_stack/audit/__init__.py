"""Reconciliation from outside: what was put on the stream against where it is now.

Shares no code with the broker: what the broker does wrong, this must not do wrong as well.
"""
