"""Functions in their own processes, driven over Lambda's Runtime API."""
