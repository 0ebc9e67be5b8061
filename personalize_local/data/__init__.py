"""The content of datasets: streamed and imported interactions, users and items, and the readers of their CSV files."""
