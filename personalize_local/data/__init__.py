"""What the datasets hold: interactions streamed and imported, users and items, and how their CSV files are read."""
