"""Records in the quarantine and the on-failure bucket, and redriving them to their source."""
