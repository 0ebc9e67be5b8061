"""Fault injection for the local services: which requests fail, and how."""
