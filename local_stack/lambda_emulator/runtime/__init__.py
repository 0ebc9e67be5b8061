"""Functions in processes of their own, driven over Lambda's Runtime API."""
