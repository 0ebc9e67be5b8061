"""Interactions that do not fit into memory: parted by user on disk, so that counts of the parts add up."""
