"""The columns of a table: ids, times, names and types, and the rules for missing values."""
