"""All services that a rival calls, on the loopback."""
