"""What can be done once more: redriving records from quarantine and on-failure bucket, and rewinding the stream."""
