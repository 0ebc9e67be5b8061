"""Files in and out: interactions, users, recommendations, a split as files."""
