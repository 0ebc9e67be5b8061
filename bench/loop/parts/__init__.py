"""What is measured beside the loop: parts of it, and bad days."""
