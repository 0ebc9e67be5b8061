"""Long-running jobs, each in its own process: importing, exporting, training, batch inference, deletion."""
