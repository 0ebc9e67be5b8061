"""The Lambda emulator: event source mappings that poll the stream and the queue, and the functions' runtime."""
