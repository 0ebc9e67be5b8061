"""What a column of text may be, and what it becomes: ids, times, names, types, and what fills its gaps."""
