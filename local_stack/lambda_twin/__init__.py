"""Lambda's part of the twin: what polls the stream and the queue, and what runs the functions."""
