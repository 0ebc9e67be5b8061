"""The commands around a model."""
