"""What is shown of a result: numbers for programs, a page for people."""
