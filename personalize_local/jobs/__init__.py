"""Long-running jobs, each in its own process: importing, training, batch inference, deletion."""
