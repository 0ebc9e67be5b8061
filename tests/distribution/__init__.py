"""The distribution personalize-local: what its wheel has, and that it works where nothing else of ours is."""
