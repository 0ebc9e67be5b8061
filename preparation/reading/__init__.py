"""A table as it comes: its text, its columns and where it is broken."""
