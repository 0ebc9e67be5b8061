"""The broker's loop beside other ways to write it: the same records, the same services, in alternation."""
