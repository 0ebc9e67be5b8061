"""What other metric libraries make of the same lists: the tables of docs/other_libraries.md."""
