"""Lambda's part of the local stack: what polls the stream and the queue, and what runs the functions."""
