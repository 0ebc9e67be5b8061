"""Reconciliation from outside: every entry of the stream is compared with what the services hold.

It shares no code with the broker, so that it does not repeat the broker's errors.
"""
