"""Event source mappings without clock, sleep, threads or network, and the threads that drive them."""
