"""The control plane: schemas, dataset groups, datasets, event trackers, solutions, campaigns, and their statuses."""
