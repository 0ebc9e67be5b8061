"""Faults on purpose, for the local services: which requests fail, how and how often, while a service runs."""
