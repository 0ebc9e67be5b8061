"""The language of filter expressions, and of the values of their parameters."""
