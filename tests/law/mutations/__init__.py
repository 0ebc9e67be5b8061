"""What each line of the table of failures is worth: its code is taken out, in a copy, and some test must fail."""
