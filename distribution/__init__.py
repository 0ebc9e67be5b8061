"""Builds the local Amazon Personalize as a distribution of its own: ``make dist``."""
