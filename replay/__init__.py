"""What was set aside, in the quarantine and in the on-failure bucket, and how it gets back where it came from."""
