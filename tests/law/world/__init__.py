"""The whole loop in one thread and in virtual time: the product's own code between stand-ins that fail on demand."""
