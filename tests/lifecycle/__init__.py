"""The life of a model: what is decided, and what the service makes of it."""
